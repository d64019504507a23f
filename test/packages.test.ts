import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '..');
const rooms = [
  'plan',
  'resources',
  'findings',
  'services',
  'rotation',
  'pool',
  'components',
  'recorder',
  'policies',
  'lint-rules',
  'rehearsal',
  'cli',
];
const nameOf = (room: string): string =>
  (JSON.parse(readFileSync(path.join(root, room, 'package.json'), 'utf8')) as { name: string }).name;

/** A project beside the sources: it finds the registry's packages in the root and ours only as they were packed. */
const beside = path.join(root, '.cache', `consumer-${process.pid}`);
/** A project far from the sources: it finds nothing but what is put there. */
const away = mkdtempSync(path.join(tmpdir(), 'keyturn-consumer-'));
const tarballs = new Map<string, string>();

async function unpack(room: string, project: string): Promise<string> {
  const folder = path.join(project, 'node_modules', nameOf(room));
  mkdirSync(folder, { recursive: true });
  await run('tar', ['xzf', tarballs.get(nameOf(room)) ?? '', '-C', folder, '--strip-components=1']);
  return folder;
}

function link(name: string, project: string): void {
  const place = path.join(project, 'node_modules', name);
  mkdirSync(path.dirname(place), { recursive: true });
  if (!existsSync(place)) symlinkSync(path.join(root, 'node_modules', name), place);
}

async function node(project: string, file: string, source: string): Promise<string> {
  writeFileSync(path.join(project, file), source);
  return (await run(process.execPath, [file], { cwd: project })).stdout.trim();
}

beforeAll(async () => {
  mkdirSync(beside, { recursive: true });
  const packed = await run(
    'npm',
    ['pack', '--json', '--pack-destination', away, ...rooms.flatMap((room) => ['-w', room])],
    {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const list = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n'))) as { name: string; filename: string }[];
  for (const { name, filename } of list) tarballs.set(name, path.join(away, filename));
  for (const room of rooms) {
    const folder = await unpack(room, beside);
    // npm puts what fits nobody else's version into the room; a consumer's npm would do the same.
    const nested = path.join(root, room, 'node_modules');
    if (existsSync(nested)) symlinkSync(nested, path.join(folder, 'node_modules'));
  }
  for (const project of [beside, away])
    writeFileSync(path.join(project, 'package.json'), '{"name":"consumer","private":true}');
}, 180_000);

afterAll(() => {
  rmSync(beside, { recursive: true, force: true });
  rmSync(away, { recursive: true, force: true });
});

describe('every package as it is packed', () => {
  it.each(rooms)('%s: what package.json points at is there', async (room) => {
    const { messages } = await publint({
      pkgDir: path.join(beside, 'node_modules', nameOf(room)),
      pack: false,
      level: 'warning',
    });
    expect(messages.map(({ code, path: at }) => `${code} at ${at.join('.')}`)).toEqual([]);
  });

  it.each(rooms)('%s brings neither tests nor sources nor caches', async (room) => {
    const { stdout } = await run('tar', ['tzf', tarballs.get(nameOf(room)) ?? '']);
    expect(stdout.split('\n').filter((file) => /\.test\.|\/fixtures\/|tsbuildinfo|\/src\//.test(file))).toEqual([]);
  });

  it.each(rooms)('%s loads in an ES module and in CommonJS', async (room) => {
    const name = JSON.stringify(nameOf(room));
    const print = 'console.log(Object.keys(loaded).length > 0);';
    expect(await node(beside, 'consumer.mjs', `import * as loaded from ${name}; ${print}`)).toBe('true');
    expect(await node(beside, 'consumer.cjs', `const loaded = require(${name}); ${print}`)).toBe('true');
  });
});

describe('what a person installs stays small', () => {
  it('the pool needs nothing but the driver', async () => {
    await unpack('pool', away);
    link('pg', away);
    const print = 'console.log(typeof Pool, typeof envFile);';
    const names = ['@keyturn/pool/pg', '@keyturn/pool'].map((name) => JSON.stringify(name)) as [string, string];
    const esm = `import { Pool } from ${names[0]}; import { envFile } from ${names[1]}; ${print}`;
    const commonJs = `const { Pool } = require(${names[0]}); const { envFile } = require(${names[1]}); ${print}`;
    expect(await node(away, 'pool.mjs', esm)).toBe('function function');
    expect(await node(away, 'pool.cjs', commonJs)).toBe('function function');
  });

  it.each(['eslint.config.mjs', 'eslint.config.cjs'])(
    'ESLint takes the plugin from %s, without Pulumi anywhere',
    async (config) => {
      const plugin = await unpack('lint-rules', away);
      for (const name of ['eslint', '@typescript-eslint/utils', 'typescript']) link(name, away);
      expect(existsSync(path.join(plugin, 'node_modules'))).toBe(false);
      for (const other of ['eslint.config.mjs', 'eslint.config.cjs']) rmSync(path.join(away, other), { force: true });
      const load = config.endsWith('.mjs')
        ? "import keyturn from '@keyturn/eslint-plugin'; export default"
        : "const loaded = require('@keyturn/eslint-plugin'); const keyturn = loaded.default ?? loaded; module.exports =";
      writeFileSync(path.join(away, config), `${load} [keyturn.configs.recommended];`);
      writeFileSync(
        path.join(away, 'app.js'),
        "import pg from 'pg';\nexport const pool = new pg.Pool({ user: 'app', password: process.env.DB_PASSWORD });\n",
      );
      const eslint = path.join(root, 'node_modules', 'eslint', 'bin', 'eslint.js');
      const result = await run(process.execPath, [eslint, '-f', 'json', 'app.js'], { cwd: away }).catch(
        (error: unknown) => error as { stdout: string },
      );
      const [file] = JSON.parse(result.stdout) as { messages: { ruleId: string }[] }[];
      expect(file?.messages.map(({ ruleId }) => ruleId)).toContain('keyturn/require-pool-refresh');
    },
  );

  it('the command line answers --help', async () => {
    const { stdout } = await run(process.execPath, [
      path.join(beside, 'node_modules', 'keyturn', 'dist', 'main.js'),
      '--help',
    ]);
    expect(stdout).toContain('keyturn');
    expect(stdout).toContain('check');
  });
});
