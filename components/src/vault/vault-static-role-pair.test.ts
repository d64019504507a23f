import { PlanError } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { TransformError } from '../transform.js';
import { ServerError } from './server.js';
import { VaultStaticRolePair, type VaultStaticRolePairArgs } from './vault-static-role-pair.js';

const args: VaultStaticRolePairArgs = {
  mount: 'database',
  connection: 'shop',
  pair: 'shop',
  selectorMount: 'secret',
  plan: { every: '30 days', consumers: [] },
  consumers: { web: { kind: 'kubernetes', serviceAccounts: ['web'], namespaces: ['shop'] } },
  job: { kind: 'kubernetes', serviceAccounts: ['keyturn'], namespaces: ['shop'] },
};
const inputs = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs: given }) => {
      inputs.set(name, given as Record<string, unknown>);
      return { id: `${name}-id`, state: given as Record<string, unknown> };
    },
    call: ({ inputs: given }) => given,
  });
});

beforeEach(() => void vi.restoreAllMocks());

async function build(name: string, given: VaultStaticRolePairArgs) {
  const children: string[] = [];
  const ignored = new Map<string, string[] | undefined>();
  const note = ({ name: child, type, opts }: pulumi.ResourceTransformationArgs): undefined => {
    children.push(`${child}: ${type}`);
    ignored.set(child, opts.ignoreChanges);
  };
  const pair = new VaultStaticRolePair(name, given, { transformations: [note] });
  await new Promise((resolve) => void pair.ready.apply(resolve));
  return { pair, children, ignored };
}

describe('the children of VaultStaticRolePair', () => {
  it('have names that never change', async () => {
    const { children } = await build('turns', args);

    expect(children).toEqual([
      'turns: keyturn:vault:VaultStaticRolePair',
      'turns-user-a: vault:database/secretBackendStaticRole:SecretBackendStaticRole',
      'turns-user-b: vault:database/secretBackendStaticRole:SecretBackendStaticRole',
      'turns-selector: vault:kv/secretV2:SecretV2',
      'turns-policy-web: vault:index/policy:Policy',
      'turns-login-web: vault:kubernetes/authBackendRole:AuthBackendRole',
      'turns-policy-job: vault:index/policy:Policy',
      'turns-login-job: vault:kubernetes/authBackendRole:AuthBackendRole',
    ]);
  });

  it('differ in nothing but the name of the user, and leave the clock to keyturn', async () => {
    await build('equal', args);
    const common = {
      backend: 'database',
      dbName: 'shop',
      rotationPeriod: 315_360_000,
      rotationStatements: [`ALTER ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`],
    };

    expect(inputs.get('equal-user-a')).toEqual({ ...common, name: 'shop_a', username: 'shop_a' });
    expect(inputs.get('equal-user-b')).toEqual({ ...common, name: 'shop_b', username: 'shop_b' });
  });

  it('do not turn the selector back', async () => {
    const { ignored } = await build('kept', args);

    expect(ignored.get('kept-selector')).toEqual(['dataJson']);
  });

  it('give the right to rotate to the job alone', async () => {
    const same = { kind: 'kubernetes', serviceAccounts: ['x'], namespaces: ['shop'] } as const;
    await build('alone', { ...args, consumers: { web: same }, job: same });

    expect(inputs.get('alone-policy-web')?.['policy']).not.toContain('update');
    expect(inputs.get('alone-policy-job')?.['policy']).toContain(
      'path "database/rotate-role/shop_b" {\n  capabilities = ["update"]\n}',
    );
  });
});

describe("Vault's own clock", () => {
  const clock = { by: 'vault-without-gate', schedules: ['0 4 1 * *', '0 4 15 * *'], window: '1h' } as const;

  it('is warned about, and gives each user its calendar', async () => {
    const warn = vi.spyOn(pulumi.log, 'warn').mockResolvedValue();
    await build('clocked', { ...args, clock });

    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      'Vault re-keys shop_a and shop_b by its own calendar and does not look who still uses them: a consumer that is late is cut off. ' +
        'Leave `clock` out to let keyturn wait for the drain.',
    ]);
    expect(inputs.get('clocked-user-a')).toMatchObject({ rotationSchedule: '0 4 1 * *', rotationWindow: 3_600 });
    expect(inputs.get('clocked-user-b')).toMatchObject({ rotationSchedule: '0 4 15 * *', rotationWindow: 3_600 });
    expect(inputs.get('clocked-user-b')).not.toHaveProperty('rotationPeriod');
  });

  it("is not warned about when it is keyturn's", async () => {
    const warn = vi.spyOn(pulumi.log, 'warn').mockResolvedValue();
    await build('gated', args);

    expect(warn).not.toHaveBeenCalled();
  });

  it.each<{ name: string; change: Partial<VaultStaticRolePairArgs>; says: string }>([
    {
      name: 'on OpenBao',
      change: { clock, server: 'openbao' },
      says:
        'OpenBao has no calendar for static roles, and with one period for both users it would re-key them at the same time. ' +
        'Leave `clock` out: keyturn calls rotate-role.',
    },
    {
      name: 'with one calendar for both',
      change: { clock: { ...clock, schedules: ['0 4 1 * *', '0 4 1 * *'] } },
      says:
        'Both users would be re-keyed at the same time ("0 4 1 * *"), and no credential would work until consumers read again. ' +
        'Put the two schedules half a period apart.',
    },
    {
      name: 'with a window that Vault refuses',
      change: { clock: { ...clock, window: '59m' } },
      says: 'Vault refuses a rotation window under 1h, got 59m. Write "1h" or more.',
    },
    {
      name: 'no: a consumer called job',
      change: { consumers: { job: { kind: 'approle' } } },
      says: 'A consumer is called "job", which is the name of keyturn\'s own login. Give it another name.',
    },
  ])('is refused $name', ({ change, says }) => {
    expect(() => new VaultStaticRolePair('refused', { ...args, ...change })).toThrow(new ServerError(says));
  });
});

it('refuses a plan that its consumers cannot follow', () => {
  const plan = { every: '1h', consumers: [{ name: 'web', chain: [{ kind: 'cache', longest: '1h' }] }] } as const;

  expect(() => new VaultStaticRolePair('hasty', { ...args, plan })).toThrow(PlanError);
});

it('refuses a transform that brings a password', () => {
  const transform = { staticRoles: { passwordWo: 'hunter2' } };
  const broken = () => new VaultStaticRolePair('broken', { ...args, transform });

  expect(broken).toThrow(TransformError);
  expect(broken).not.toThrow('hunter2');
});
