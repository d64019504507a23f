import { execFileSync } from 'node:child_process';

import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const pool = (name: string) =>
  `export const ${name} = new Pool({ host: 'db', user: '${name}', password: 'c4n4ry-Xq7' });\n`;
const head = "import { Pool } from 'pg';\n";

let world: World | undefined;
afterEach(() => world?.remove());

function repository(files: Readonly<Record<string, string>> = { 'a.ts': head + pool('one') }): {
  world: World;
  git: (...args: string[]) => string;
} {
  const made = makeWorld(files);
  world = made;
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', made.folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      encoding: 'utf8',
    });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  return { world: made, git };
}

describe('--base', () => {
  it('reports what is new, though lines moved, and leaves no checkout behind', async () => {
    const { world, git } = repository();
    expect((await world.keyturn('check', '--base', 'HEAD')).code).toBe(0);
    world.write({ 'a.ts': `\n${head}${pool('one')}`, 'b.ts': head + pool('two') });
    const { code, out } = await world.keyturn('check', '--base', 'HEAD', '--format', 'json');
    const { findings } = JSON.parse(out) as JsonReport;
    expect(code).toBe(1);
    expect([...new Set(findings.map(({ place }) => place.file))]).toEqual(['b.ts']);
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1);
  });

  it('refuses a ref that is not there', async () => {
    const { code, err } = await repository().world.keyturn('check', '--base', '--upload-pack=x');
    expect(err).toMatch(/^error: There is no commit "--upload-pack=x"/);
    expect(code).toBe(2);
  });

  const rotation = (days: number, lambda: string) => `
const pulumi = require('@pulumi/pulumi');
class Rotation extends pulumi.CustomResource {
  constructor(name, inputs) { super('aws:secretsmanager/secretRotation:SecretRotation', name, inputs); }
}
new Rotation('db', { secretId: 'shop', rotationLambdaArn: '${lambda}', rotationRules: { automaticallyAfterDays: ${days} } });
`;
  const program = (source: string) => ({
    'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
    'infra/package.json': '{"name":"shop","main":"index.js"}',
    'infra/index.js': source,
  });
  const compared = async (before: string, after: string) => {
    const { world } = repository(program(before));
    world.write(program(after));
    const { code, out } = await world.keyturn('check', '--base', 'HEAD', '--format', 'json', 'infra');
    return { code, report: JSON.parse(out) as JsonReport };
  };

  it('says that a program rotates a secret less often, by another function', async () => {
    const { code, report } = await compared(rotation(30, 'arn:one'), rotation(120, 'arn:two'));
    expect(report.notAnalysed).toEqual([]);
    expect(report.posture).toMatchObject([
      {
        change: 'replaced',
        message: 'SecretRotation db is rotated by something else than before.',
        place: { file: 'infra/index.js', line: 6 },
      },
      { change: 'slower', message: 'SecretRotation db rotates every 120d, and before every 30d.' },
    ]);
    // Findings that the base has as well are no news, and the slower schedule breaks no rule of its own twice.
    expect(code).toBe(report.findings.some(({ level }) => level === 'block') ? 1 : 0);
  }, 60_000);

  it('says that a rotation is gone, and does not say so of half a reading', async () => {
    const gone = await compared(rotation(30, 'arn:one'), 'module.exports = {};\n');
    expect(gone.report.posture).toMatchObject([
      { change: 'removed', message: 'SecretRotation db is gone; it rotated every 30d.' },
    ]);
    world?.remove();
    const broken = await compared(rotation(30, 'arn:one'), "throw new Error('no');\n");
    expect(broken.code).toBe(3);
    expect(broken.report.posture).toEqual([]);
  }, 60_000);

  it('compares manifests, and leaves out the findings that they had', async () => {
    const external = (interval: string) =>
      `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: db\nspec:\n  refreshInterval: ${interval}\n`;
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: old\nstringData:\n  password: c4n4ry-Xq7\n';
    const { world } = repository({ 'k8s/a.yaml': external('1h'), 'k8s/s.yaml': secret });
    world.write({ 'k8s/a.yaml': external('100h'), 'k8s/s.yaml': `# moved\n${secret}` });
    const { out } = await world.keyturn('check', '--base', 'HEAD', '--format', 'json', 'k8s');
    const report = JSON.parse(out) as JsonReport;
    expect(report.posture).toMatchObject([
      { change: 'slower', place: { file: 'k8s/a.yaml' }, message: expect.stringContaining('every 4d 4h') as string },
    ]);
    expect(report.findings.map(({ rule }) => rule)).toEqual(['k8s-external-secret-not-refreshed']);
  });
});
