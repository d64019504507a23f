import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { median } from './policies.js';

const root = path.join(import.meta.dirname, '..', '..', '..');
const server = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/run-policy-pack');

export interface PackTimes {
  readonly packStartMs: number;
  readonly onePolicyPackStartMs: number;
}

/** From the start of Pulumi's policy server to the port it prints, for our pack as it is published and for one that holds one policy. */
export async function packStart(): Promise<PackTimes> {
  const ours = folderOfPack('module');
  const trivial = folderOfPack('commonjs');
  try {
    copyFileSync(path.join(root, 'policies', 'PulumiPolicy.yaml'), path.join(ours, 'PulumiPolicy.yaml'));
    execFileSync(process.execPath, [path.join(root, 'policies', 'bundle.mjs'), path.join(ours, 'index.js')]);
    writeFileSync(
      path.join(trivial, 'index.js'),
      `const { PolicyPack } = require('@pulumi/policy');
new PolicyPack('one', { policies: [{ name: 'one', description: 'One.', enforcementLevel: 'advisory', validateResource() {} }] });
`,
    );
    const own: number[] = [];
    const other: number[] = [];
    // In turn, so that a busy moment hurts both.
    for (let round = 0; round < 7; round += 1) {
      own.push(await startTime(ours));
      other.push(await startTime(trivial));
    }
    return { packStartMs: median(own), onePolicyPackStartMs: median(other) };
  } finally {
    for (const folder of [ours, trivial]) rmSync(folder, { recursive: true, force: true });
  }
}

function folderOfPack(type: 'module' | 'commonjs'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-pack-'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(path.join(folder, 'PulumiPolicy.yaml'), 'runtime: nodejs\n');
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'pack', version: '1.0.0', type, main: 'index.js' }),
  );
  return folder;
}

function startTime(pack: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [server, '127.0.0.1:1', pack], {
      cwd: pack,
      env: { PATH: process.env['PATH'], PULUMI_CONFIG: '{}' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (!/^\d+\s*$/m.test(said)) return;
      resolve(Math.round(performance.now() - started));
      child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(timer);
      reject(new Error(`The policy server did not start: ${said.slice(-500)}`));
    });
  });
}
