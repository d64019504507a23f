import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

let world: World | undefined;
afterEach(() => world?.remove());

async function init(files: Readonly<Record<string, string>>, ...args: string[]) {
  world = makeWorld(files);
  const result = await world.keyturn('init', ...args);
  const { folder } = world;
  const text = (file: string) =>
    existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), 'utf8') : undefined;
  return { ...result, text };
}

const line = "import keyturn from '@keyturn/eslint-plugin';";

describe('keyturn init', () => {
  it('writes a configuration where there is none, and says what is left to do', async () => {
    const { code, out, text } = await init({ 'package.json': '{"type":"module"}' });
    expect(code).toBe(0);
    expect(out).toContain('Wrote eslint.config.js');
    expect(out).toContain('npm install --save-dev @keyturn/eslint-plugin eslint');
    expect(text('eslint.config.js')).toBe(
      `${line}\n\nexport default [keyturn.configs.recommended, keyturn.configs.documents];\n`,
    );
  });

  it('takes the other extension in a CommonJS package', async () => {
    const { text } = await init({ 'package.json': '{}' });
    expect(text('eslint.config.js')).toBeUndefined();
    expect(text('eslint.config.mjs')).toContain(line);
  });

  it.each([
    {
      name: 'a list on lines of their own, with a comment',
      before: "import js from '@eslint/js';\n\n// ours\nexport default [\n  js.configs.recommended, // all of it\n];\n",
      after: `import js from '@eslint/js';\n${line}\n\n// ours\nexport default [\n  js.configs.recommended, // all of it\n  keyturn.configs.recommended,\n  keyturn.configs.documents,\n];\n`,
    },
    {
      name: 'a list on one line',
      before: 'export default [{ rules: {} }];\n',
      after: `${line}\n\nexport default [{ rules: {} }, keyturn.configs.recommended, keyturn.configs.documents];\n`,
    },
    {
      name: 'defineConfig with a list',
      before: "import { defineConfig } from 'eslint/config';\nexport default defineConfig([{ rules: {} }]);\n",
      after: `import { defineConfig } from 'eslint/config';\n${line}\nexport default defineConfig([{ rules: {} }, keyturn.configs.recommended, keyturn.configs.documents]);\n`,
    },
    {
      name: 'the function of typescript-eslint with arguments',
      before:
        "import tseslint from 'typescript-eslint';\nexport default tseslint.config(\n  tseslint.configs.strict,\n  { rules: {} }\n);\n",
      after: `import tseslint from 'typescript-eslint';\n${line}\nexport default tseslint.config(\n  tseslint.configs.strict,\n  { rules: {} },\n  keyturn.configs.recommended,\n  keyturn.configs.documents\n);\n`,
    },
    {
      name: 'one object',
      before: 'export default { rules: {} };\n',
      after: `${line}\n\nexport default [{ rules: {} }, keyturn.configs.recommended, keyturn.configs.documents];\n`,
    },
    {
      name: 'a constant with a type',
      before:
        "import type { Linter } from 'eslint';\nconst config = [] satisfies Linter.Config[];\nexport default config;\n",
      file: 'eslint.config.ts',
      after: `import type { Linter } from 'eslint';\n${line}\nconst config = [keyturn.configs.recommended, keyturn.configs.documents] satisfies Linter.Config[];\nexport default config;\n`,
    },
    {
      name: 'CommonJS',
      before: "'use strict';\nconst js = require('@eslint/js');\nmodule.exports = [js.configs.recommended];\n",
      file: 'eslint.config.cjs',
      after:
        "'use strict';\nconst { default: keyturn } = require('@keyturn/eslint-plugin');\nconst js = require('@eslint/js');\nmodule.exports = [js.configs.recommended, keyturn.configs.recommended, keyturn.configs.documents];\n",
    },
    {
      name: 'a name that is taken',
      before: 'const keyturn = {};\nexport default [keyturn];\n',
      after:
        "import keyturnPlugin from '@keyturn/eslint-plugin';\n\nconst keyturn = {};\nexport default [keyturn, keyturnPlugin.configs.recommended, keyturnPlugin.configs.documents];\n",
    },
  ])('adds its lines to $name, and nothing the second time', async ({ before, after, file = 'eslint.config.js' }) => {
    const { code, text } = await init({ 'package.json': '{"type":"module"}', [file]: before });
    expect(code).toBe(0);
    expect(text(file)).toBe(after);
    const again = await world?.keyturn('init');
    expect(again?.out).toContain('Nothing was changed.');
    expect(text(file)).toBe(after);
  });

  it('leaves what it does not understand as it is, and says which lines to add', async () => {
    const before = "import antfu from '@antfu/eslint-config';\nexport default antfu({});\n";
    const { code, err, text } = await init({ 'eslint.config.mjs': before });
    expect(code).toBe(3);
    expect(err).toContain('eslint.config.mjs exports something that this command does not understand');
    expect(err).toContain('keyturn.configs.recommended');
    expect(text('eslint.config.mjs')).toBe(before);
  });

  it('leaves a configuration that does not parse as it is', async () => {
    const { code, text } = await init({ 'eslint.config.mjs': 'export default [' });
    expect(code).toBe(3);
    expect(text('eslint.config.mjs')).toBe('export default [');
  });

  it('writes no configuration that would switch one of ESLint 8 off', async () => {
    const { code, err, text } = await init({ '.eslintrc.json': '{}' });
    expect(code).toBe(2);
    expect(err).toContain('npx @eslint/migrate-config .eslintrc.json');
    expect(text('eslint.config.mjs')).toBeUndefined();
  });

  it('prints what it would write, and says it in JSON', async () => {
    const dry = await init({ 'package.json': '{"devDependencies":{"eslint":"9"}}' }, '--dry-run');
    expect(dry.out).toContain(line);
    expect(dry.text('eslint.config.mjs')).toBeUndefined();
    const json = await world?.keyturn('init', '--json');
    expect(JSON.parse(json?.out ?? '')).toMatchObject({
      file: 'eslint.config.mjs',
      did: 'created',
      written: true,
      missing: ['@keyturn/eslint-plugin'],
    });
  });
});
