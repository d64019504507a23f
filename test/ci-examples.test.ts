import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'examples', 'ci');
const keyturn = `${process.execPath} ${path.join(root, 'cli', 'dist', 'main.js')}`;
const fine = 'export const answer = 42;\n';
const leak =
  "import { Pool } from 'pg';\nexport const pool = new Pool({ host: 'db', user: 'shop', password: 'c4n4ry-Xq7' });\n";

let repository: string;

beforeEach(() => {
  repository = mkdtempSync(path.join(tmpdir(), 'keyturn-ci-'));
  sh('git init -q -b main && git config user.email a@example.com && git config user.name A');
  write('old.ts', leak.replace('shop', 'old'));
  sh('git add -A && git commit -qm old');
});

afterEach(() => rmSync(repository, { recursive: true, force: true }));

function write(file: string, text: string): void {
  writeFileSync(path.join(repository, file), text);
}

function sh(script: string, env: Readonly<Record<string, string>> = {}, shell = 'bash') {
  return spawnSync(shell, [...(shell === 'sh' ? ['-e'] : ['-eo', 'pipefail']), '-c', script], {
    cwd: repository,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: repository, KEYTURN: keyturn, ...env },
  });
}

function read<Shape>(file: string): Shape {
  return parse(readFileSync(path.join(folder, file), 'utf8')) as Shape;
}

test('the steps of the GitHub Action say what is new since the base, write the summary, and fail for it', () => {
  const { runs } = read<{ runs: { steps: { run?: string; uses?: string }[] } }>('action.yml');
  const script = runs.steps[0]?.run ?? '';
  const env = { PATHS: '.', BASE: 'HEAD', FAIL_ON: '', GITHUB_STEP_SUMMARY: path.join(repository, 'summary.md') };
  write('new.ts', fine);
  expect(sh(script, env)).toMatchObject({ status: 0 });
  write('new.ts', leak);
  const { status, stdout } = sh(script, env);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^::error file=new\.ts,line=2/m);
  expect(stdout).not.toMatch(/old\.ts|c4n4ry/);
  expect(readFileSync(path.join(repository, 'summary.md'), 'utf8')).toMatch(
    /No findings[\s\S]*\*\*[1-9]\d* findings? /,
  );
  expect(JSON.parse(readFileSync(path.join(repository, 'keyturn.sarif'), 'utf8'))).toMatchObject({ version: '2.1.0' });
  expect(sh(script, { ...env, FAIL_ON: 'never' })).toMatchObject({ status: 0 });
});

test('the workflow has no secrets and no more rights than it needs', () => {
  const workflow = read<{ on: unknown; permissions: unknown }>('pull-request.yml');
  expect(workflow).toMatchObject({ on: 'pull_request', permissions: { contents: 'read', 'security-events': 'write' } });
  expect(readFileSync(path.join(folder, 'pull-request.yml'), 'utf8')).not.toMatch(/\$\{\{\s*secrets/);
});

test('the job for GitLab writes the report that it hands over', () => {
  const { keyturn: job } = read<{ keyturn: { script: string[]; artifacts: { reports: { junit: string } } } }>(
    'gitlab.yml',
  );
  write('new.ts', leak);
  const { status, stdout } = sh(job.script.join('\n'), { CI_MERGE_REQUEST_DIFF_BASE_SHA: 'HEAD' }, 'sh');
  expect(status).toBe(1);
  expect(stdout).toContain('new.ts:2');
  expect(readFileSync(path.join(repository, job.artifacts.reports.junit), 'utf8')).toContain('<testsuites');
});

test.each([
  ['a password', { 'new file.ts': leak }, 1, 'correct it, or write an exception with a reason'],
  ['nothing wrong', { 'new.ts': fine }, 0, ''],
  ['no file that is checked', { 'notes.txt': leak }, 0, ''],
  ['YAML that is no manifest', { 'a.yaml': 'a: 1\n' }, 0, 'not everything could be analysed'],
] as const)('the hook with %s in the commit', (_what, files, status, said) => {
  const hook = path.join(repository, '.git', 'hooks', 'pre-commit');
  mkdirSync(path.dirname(hook), { recursive: true });
  copyFileSync(path.join(folder, 'pre-commit'), hook);
  chmodSync(hook, 0o755);
  for (const [name, text] of Object.entries(files)) write(name, text);
  const commit = sh('git add -A && git commit -qm new');
  expect(commit.stderr).toContain(said);
  expect(commit.status, commit.stderr).toBe(status);
});
