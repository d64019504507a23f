import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { ESLint } from 'eslint';
import { check, exitCodeOf } from 'keyturn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { compile } from './compile.js';

const root = path.join(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const project = path.join(root, 'test', `readme-${process.pid}`);

/** The code block that follows `<!-- test: name -->`. */
function sample(name: string): string {
  const found = new RegExp(`<!-- test: ${name} -->\\s+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`The README has no sample "${name}".`);
  return found;
}

function put(file: string, text: string): string {
  const place = path.join(project, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text);
  return place;
}

beforeAll(() => {
  put('package.json', '{"name":"readme","private":true,"type":"module"}');
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the snippets of the README', () => {
  it('compile as they stand', () => {
    expect(compile(path.join(project, 'types'), { 'infra.ts': sample('infra'), 'app.ts': sample('app') })).toBe('');
  });

  it('give an infrastructure that keyturn check has nothing to say about', async () => {
    put('orders/Pulumi.yaml', 'name: orders\nruntime: nodejs\n');
    put('orders/package.json', '{"name":"orders","private":true}');
    put('orders/index.ts', sample('infra'));
    const report = await check({ paths: [path.join(project, 'orders')], cwd: project });
    expect(report.findings).toEqual([]);
    expect(report.looked.resources).toBeGreaterThan(2);
    expect(exitCodeOf(report, {})).toBe(0);
  });

  it('switch the rules on: the plain pool is a finding, the one of the README is not', async () => {
    const config = put('eslint.config.js', sample('eslint'));
    const plain = put(
      'plain.js',
      "import pg from 'pg';\nexport const pool = new pg.Pool({ host: 'db', password: process.env.DB_PASSWORD });\n",
    );
    const ours = put('ours.js', sample('app'));
    const loaded = (await import(pathToFileURL(config).href)) as { default: ESLint.Options['overrideConfig'] };
    const eslint = new ESLint({ cwd: project, overrideConfigFile: true, overrideConfig: loaded.default ?? null });
    const [first, second] = await eslint.lintFiles([plain, ours]);
    expect(first?.messages.map(({ ruleId }) => ruleId)).toEqual(['keyturn/require-pool-refresh']);
    expect(second?.messages).toEqual([]);
  });

  it('quote the error of a plan that cannot work as it is', () => {
    const wrong = sample('infra').replace("every: '30 days'", "every: '20m'");
    put('wrong/Pulumi.yaml', 'name: wrong\nruntime: nodejs\n');
    put('wrong/package.json', '{"name":"wrong","private":true}');
    put('wrong/index.ts', wrong);
    const quoted = /^Rotating every 20m .*run time 1m;/m.exec(readme)?.[0] ?? 'missing';
    return check({ paths: [path.join(project, 'wrong')], cwd: project }).then((report) => {
      expect(exitCodeOf(report, {})).toBe(3);
      expect(report.notAnalysed.map(({ because }) => because).join('\n')).toContain(quoted);
    });
  });
});
