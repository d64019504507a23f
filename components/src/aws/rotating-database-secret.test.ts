import { PlanError } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { ScheduleError } from '../schedule/rotation-schedule.js';
import { RotatingDatabaseSecret, type RotatingDatabaseSecretArgs } from './rotating-database-secret.js';

const args: RotatingDatabaseSecretArgs = {
  pair: 'shop',
  database: { host: 'db.internal', name: 'shop' },
  adminSecretArn: 'arn:admin',
  schedule: { cron: '0 4 1 * *' },
  plan: { consumers: [{ name: 'shop', chain: [{ kind: 'pool', longest: '30m' }] }] },
};
const inputs = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs: given }) => {
      inputs.set(name, given as Record<string, unknown>);
      const state = given as Record<string, unknown>;
      return { id: `${name}-id`, state: { name, ...state, arn: `arn:${type}:${name}` } };
    },
    call: ({ inputs: given }) => given,
  });
});
beforeEach(() => void vi.restoreAllMocks());

async function build(name: string, change: Partial<RotatingDatabaseSecretArgs> = {}) {
  const children: string[] = [];
  const note = ({ name: child, type }: pulumi.ResourceTransformationArgs): undefined =>
    void children.push(`${child}: ${type}`);
  const secret = new RotatingDatabaseSecret(name, { ...args, ...change }, { transformations: [note] });
  const [reader] = await new Promise<[string, string]>(
    (resolve) => void pulumi.all([secret.readerPolicy, secret.ready]).apply((done) => resolve(done)),
  );
  return { children, reader: JSON.parse(reader) as { Statement: { Resource: string }[] } };
}

const statements = (name: string) =>
  (JSON.parse(String(inputs.get(name)?.['policy'])) as { Statement: { Action: string[]; Resource: string }[] })
    .Statement;

describe('the children of RotatingDatabaseSecret', () => {
  it('have names that never change', async () => {
    expect((await build('db')).children).toEqual([
      'db: keyturn:aws:RotatingDatabaseSecret',
      'db-key: aws:kms/key:Key',
      'db-secret: aws:secretsmanager/secret:Secret',
      'db-role: aws:iam/role:Role',
      'db-log: aws:cloudwatch/logGroup:LogGroup',
      'db-rights: aws:iam/rolePolicy:RolePolicy',
      'db-rotator: aws:lambda/function:Function',
      'db-allow-secrets-manager: aws:lambda/permission:Permission',
      'db-rotation: aws:secretsmanager/secretRotation:SecretRotation',
      'db-retire: aws:cloudwatch/eventRule:EventRule',
      'db-allow-schedule: aws:lambda/permission:Permission',
      'db-retire-target: aws:cloudwatch/eventTarget:EventTarget',
      'db-failed: aws:cloudwatch/metricAlarm:MetricAlarm',
    ]);
  });

  it('make no key of their own when one is given', async () => {
    const { children, reader } = await build('given', { kmsKeyArn: 'arn:key' });
    expect(children).not.toContain('given-key: aws:kms/key:Key');
    expect(inputs.get('given-secret')?.['kmsKeyId']).toBe('arn:key');
    expect(reader.Statement.map(({ Resource }) => Resource)).toEqual([
      'arn:aws:secretsmanager/secret:Secret:given-secret',
      'arn:key',
    ]);
  });

  it('give the function rights on its two secrets, its key and its log, and on nothing else', async () => {
    await build('least');
    expect(statements('least-rights').map(({ Resource }) => Resource)).toEqual([
      'arn:aws:secretsmanager/secret:Secret:least-secret',
      'arn:admin',
      'arn:aws:kms/key:Key:least-key',
      'arn:aws:cloudwatch/logGroup:LogGroup:least-log',
    ]);
    expect(statements('least-rights').flatMap(({ Action }) => Action)).not.toContain('secretsmanager:*');
  });

  it('hold no value of the secret, and tell the function no password', async () => {
    await build('empty');
    expect([...inputs.keys()].filter((name) => name.startsWith('empty-') && /version/i.test(name))).toEqual([]);
    expect(JSON.stringify(inputs.get('empty-rotator')?.['environment'])).not.toMatch(/"password"|"secretString"/);
  });

  it('keep the interval that the calendar keeps at worst', async () => {
    await build('calendar');
    const { variables } = inputs.get('calendar-rotator')?.['environment'] as { variables: Record<string, string> };
    expect(JSON.parse(variables['KEYTURN_PLAN'] ?? '')).toMatchObject({
      strategy: 'dual-user',
      every: 28 * 86_400_000,
    });
    expect(inputs.get('calendar-rotation')?.['rotationRules']).toMatchObject({
      scheduleExpression: 'cron(0 4 1 * ? *)',
    });
  });
});

describe('what RotatingDatabaseSecret refuses', () => {
  it('is a schedule that its consumers cannot follow', () => {
    const slow = { consumers: [{ name: 'batch', chain: [{ kind: 'process' as const, longest: '2 days' as const }] }] };
    expect(() => new RotatingDatabaseSecret('fast', { ...args, schedule: { every: '1 days' }, plan: slow })).toThrow(
      PlanError,
    );
  });

  it('is a schedule that Secrets Manager cannot keep', () => {
    expect(
      () => new RotatingDatabaseSecret('often', { ...args, schedule: { every: '1h' }, plan: { consumers: [] } }),
    ).toThrow(ScheduleError);
  });
});
