import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { policies } from '@keyturn/policies';
import { expect, test } from 'vitest';

import { engineMissing } from './engine/stack.js';
import { measurePrograms, ownCorpus } from './bench/check/programs.js';

const root = path.join(import.meta.dirname, '..');
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

function bench(...args: string[]) {
  return spawnSync(
    process.execPath,
    [tsx, '--conditions=keyturn-source', path.join(root, 'test', 'bench', 'check.ts'), ...args],
    { cwd: root, encoding: 'utf8' },
  );
}

test('the bench prints one JSON object about the policies, the pack and every program of the small corpus', () => {
  const { status, stdout, stderr } = bench('--json');
  expect(status, stderr).toBe(0);
  const printed = JSON.parse(stdout) as Record<string, unknown> & { programs: unknown[] };
  const time: unknown = expect.any(Number);
  expect(printed).toMatchObject({
    resources: 2_000,
    rules: policies.length,
    ms: time,
    packStartMs: time,
    onePolicyPackStartMs: time,
    engine:
      engineMissing('vault') === undefined
        ? { resources: 200, previewMs: time, previewWithPackMs: time, checkMs: time, findings: { pack: 67, check: 67 } }
        : expect.stringMatching(/^NOT RUN: not on the PATH/),
  });
  expect(printed.programs).toEqual([
    { path: 'commonjs', ms: time, ended: 'complete', reason: null, resources: 5, withLine: 5 },
    { path: 'esm', ms: time, ended: 'complete', reason: null, resources: 2, withLine: 2 },
    { path: 'unknowns', ms: time, ended: 'complete', reason: null, resources: 4, withLine: 4 },
  ]);
  expect(stderr).toContain('NOT RUN: programs of others, because no --corpus was given');
});

test.each([
  ['--corpus', ['--corpus', path.join(ownCorpus, 'nowhere')], `there is no folder ${path.join(ownCorpus, 'nowhere')}`],
  ['an unknown option', ['--corpse'], "Unknown option '--corpse'"],
])('%s that cannot be used ends the bench before anything is measured', (_what, args, message) => {
  const { status, stdout, stderr } = bench(...args);
  expect(stderr).toContain(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

test('a program that lacks a package is counted with what stood in for it, and without a line', async () => {
  const corpus = mkdtempSync(path.join(tmpdir(), 'keyturn-corpus-'));
  try {
    const program = path.join(corpus, 'shop');
    mkdirSync(program);
    writeFileSync(path.join(program, 'Pulumi.yaml'), 'name: shop\nruntime: nodejs\n');
    writeFileSync(path.join(program, 'index.ts'), "import 'no-such-package';\n");
    expect(await measurePrograms(corpus, { install: false, say: () => undefined })).toMatchObject([
      { path: 'shop', ended: 'complete', reason: 'with stand-ins for the module no-such-package', resources: 0 },
    ]);
  } finally {
    rmSync(corpus, { recursive: true, force: true });
  }
});
