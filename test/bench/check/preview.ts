import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { engineMissing, Stack } from '../../engine/stack.js';

const root = path.join(import.meta.dirname, '..', '..', '..');
const resources = 200;

export interface PreviewTimes {
  readonly resources: number;
  /** `pulumi preview` alone, with our pack, and `keyturn check` on the same program; start-up included. */
  readonly previewMs: number;
  readonly previewWithPackMs: number;
  readonly checkMs: number;
  /** Roles whose secret ids never expire, of which every third is one. */
  readonly findings: { readonly pack: number; readonly check: number };
}

/** A real engine beside `keyturn check` on the same program, or why there is none. */
export async function besideEngine(): Promise<string | PreviewTimes> {
  const because = engineMissing('vault');
  if (because !== undefined) return `NOT RUN: ${because}`;
  // Inside the workspace, where packages resolve as they do for a reader.
  const directory = path.join(root, 'test', `.preview-${process.pid}`);
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'Pulumi.yaml'), 'name: preview\nruntime: nodejs\n');
  writeFileSync(path.join(directory, 'package.json'), '{ "private": true, "main": "index.js" }');
  writeFileSync(path.join(directory, 'index.js'), program);
  const stack = new Stack({
    directory,
    // Nobody listens there: a preview of what is new asks nothing.
    config: {
      'vault:address': 'http://127.0.0.1:1',
      'vault:skipChildToken': 'true',
      'vault:skipGetVaultVersion': 'true',
    },
    env: { VAULT_TOKEN: 'none' },
  });
  const preview = ['preview', '--stack', 'run'];
  try {
    await stack.init();
    await stack.pulumi(...preview);
    const [, previewMs] = await timed(async () => await stack.pulumi(...preview));
    const [said, previewWithPackMs] = await timed(
      async () => await stack.pulumi(...preview, '--policy-pack', path.join(root, 'policies')),
    );
    const [report, checkMs] = await timed(() => check(directory));
    const { findings } = JSON.parse(report) as { findings: readonly { rule: string }[] };
    return {
      resources,
      previewMs,
      previewWithPackMs,
      checkMs,
      findings: {
        pack: [...said.matchAll(/Secret ids of \w+ never expire/g)].length,
        check: findings.filter(({ rule }) => rule === 'vault-secret-id-unlimited').length,
      },
    };
  } finally {
    stack.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

const program = `const vault = require('@pulumi/vault');
for (let at = 0; at < ${resources}; at += 1)
  new vault.approle.AuthBackendRole('role' + at, { roleName: 'role' + at, ...(at % 3 ? { secretIdTtl: 600 } : {}) });
`;

function check(directory: string): string {
  try {
    const command = [path.join(root, 'cli', 'dist', 'main.js'), 'check', '--json', directory];
    return execFileSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    // It ends with 1 where it finds something.
    const { status, stdout } = error as { status?: number; stdout?: string };
    if (status !== 1 || stdout === undefined) throw error;
    return stdout;
  }
}

async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const started = performance.now();
  const result = await work();
  return [result, Math.round(performance.now() - started)];
}
