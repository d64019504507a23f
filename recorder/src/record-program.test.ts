import { afterEach, describe, expect, it, vi } from 'vitest';

import { recordProgram } from './record-program.js';
import type { RecordOptions, Recording } from './recording.js';
import { property, writeProgram } from './testing.js';

// Each test runs a program at least twice.
vi.setConfig({ testTimeout: 120_000 });

const programs: (() => void)[] = [];
afterEach(() => {
  for (const remove of programs.splice(0)) remove();
});

async function record(
  files: Readonly<Record<string, string>>,
  options: Partial<RecordOptions> = {},
): Promise<Recording> {
  const { directory, remove } = writeProgram(files);
  programs.push(remove);
  return recordProgram({ directory, timeoutMs: 60_000, ...options });
}

const shop = `
import * as pulumi from '@pulumi/pulumi';
import * as aws from '@pulumi/aws';
import * as postgresql from '@pulumi/postgresql';
import * as random from '@pulumi/random';

interface Shop {
  readonly name: string;
}

const config = new pulumi.Config();
const shop: Shop = { name: 'shop' };
const db = new aws.rds.Instance(shop.name, {
  instanceClass: config.require('instanceClass'),
  password: config.requireSecret('dbPassword'),
  username: process.env['DB_USER'],
});
const app = new postgresql.Role('app', { name: 'app', login: true, password: 'correct-horse' });
const generated = new random.RandomPassword('generated', { length: 20 });
new aws.secretsmanager.SecretVersion(
  'version',
  { secretId: 'id', secretString: pulumi.jsonStringify({ user: app.name, password: generated.result }) },
  { parent: db, dependsOn: app, ignoreChanges: ['secretString'] },
);
new aws.ssm.Parameter('url', {
  type: 'SecureString',
  value: pulumi.interpolate\`postgres://app:\${config.requireSecret('dbPassword')}@\${config.require('host')}/shop\`,
});
new aws.ssm.Parameter('encoded', { type: 'String', value: Buffer.from(config.require('token')).toString('base64') });
`;
const stack = `
config:
  aws:region: eu-west-1
  shop:instanceClass: db.t3.micro
  shop:dbPassword:
    secure: AAABAKx
`;

describe('a CommonJS TypeScript program', () => {
  it('ends, with every resource, its lines, marks, parents and provenance', async () => {
    const recording = await record({ 'index.ts': shop, 'Pulumi.dev.yaml': stack });

    expect(recording.reason).toBeUndefined();
    expect(recording.ended).toBe('complete');
    expect(recording.files).toEqual(['index.ts']);
    expect(recording.resources.map(({ name, place }) => `${name} ${place?.file}:${place?.line}`)).toEqual([
      'shop index.ts:13',
      'app index.ts:18',
      'generated index.ts:19',
      'version index.ts:20',
      'url index.ts:25',
      'encoded index.ts:29',
    ]);
    const unknown = { kind: 'unknown', secret: true };
    const fromSecret = { kind: 'secret-config', key: 'shop:dbPassword' };
    expect(property(recording, 'shop', 'instanceClass')).toEqual({
      kind: 'known',
      value: 'db.t3.micro',
      secret: false,
      provenance: { kind: 'plain-config', key: 'shop:instanceClass' },
    });
    expect(property(recording, 'shop', 'password')).toMatchObject({ ...unknown, provenance: fromSecret });
    expect(property(recording, 'shop', 'username')).toMatchObject({
      kind: 'unknown',
      secret: false,
      provenance: { kind: 'environment', name: 'DB_USER' },
    });
    expect(property(recording, 'app', 'password')).toEqual({
      kind: 'known',
      value: 'correct-horse',
      secret: true,
      provenance: { kind: 'literal' },
    });
    const urn = 'urn:pulumi:dev::shop::random:index/randomPassword:RandomPassword::generated';
    expect(property(recording, 'version', 'secretString')).toMatchObject({
      ...unknown,
      provenance: { kind: 'generated', urn },
    });
    expect(property(recording, 'url', 'value')).toMatchObject({ ...unknown, provenance: fromSecret });
    expect(property(recording, 'encoded', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'plain-config', key: 'shop:token' },
    });

    const version = recording.resources.find(({ name }) => name === 'version');
    const role = 'urn:pulumi:dev::shop::postgresql:index/role:Role::app';
    expect(version).toMatchObject({
      urn: 'urn:pulumi:dev::shop::aws:rds/instance:Instance$aws:secretsmanager/secretVersion:SecretVersion::version',
      parent: 'urn:pulumi:dev::shop::aws:rds/instance:Instance::shop',
      ignoreChanges: ['secretString'],
      custom: true,
      remote: false,
    });
    expect(version?.dependencies).toEqual(expect.arrayContaining([role, urn]));
    expect(version?.propertyDependencies.get('secretString')).toEqual([role, urn]);
  });
});
