import { PlanError } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';

import { TransformError } from '../transform.js';
import { ConnectionLimitError } from '../connection-limit.js';
import { DualUserDatabaseRole, type DualUserDatabaseRoleArgs } from './dual-user-database-role.js';
import { dualUserModel, resourcesOf } from './model.js';

const args: DualUserDatabaseRoleArgs = {
  pair: 'shop',
  database: 'shopdb',
  plan: {
    every: '30 days',
    consumers: [{ name: 'web', chain: [{ kind: 'sync', name: 'file refresh', longest: '1h' }] }],
  },
  connections: { fleet: 40 },
};

const grantee: DualUserDatabaseRoleArgs = {
  ...args,
  sharedRole: { kind: 'grantee', owner: 'migrator', schema: 'sales' },
};

interface Seen {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
}

const registered: { name: string; type: string; inputs: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs }) => {
      registered.push({ name, type, inputs });
      return { id: `${name}-id`, state: inputs };
    },
    call: ({ inputs }) => inputs,
  });
});

/** Children as the engine would get them. Transformations see only descendants, so a child without its parent is missing here. */
async function build(name: string, given: DualUserDatabaseRoleArgs) {
  const children: string[] = [];
  const options = new Map<string, pulumi.CustomResourceOptions>();
  const note = ({ name: child, type, opts }: pulumi.ResourceTransformationArgs): undefined => {
    children.push(`${child}: ${type}`);
    options.set(child, opts);
  };
  const role = new DualUserDatabaseRole(name, given, { transformations: [note] });
  await value(role.ready);
  const inputs = (child: string): Record<string, unknown> => {
    const found = registered.find((resource) => resource.name === child);
    if (!found) throw new Error(`nothing was registered as ${child}`);
    return found.inputs;
  };
  const recorded: Seen[] = registered
    .filter((resource) => resource.name.startsWith(`${name}-`))
    .map(({ type, inputs: seen }) => ({ type, inputs: seen }));
  return { role, children, options, inputs, recorded };
}

const value = async <T>(output: pulumi.Output<T>): Promise<T> =>
  await new Promise<T>((resolve) => void output.apply((known) => resolve(known)));

describe('the children of DualUserDatabaseRole', () => {
  it('have names that never change, as owner', async () => {
    const { children } = await build('owned', { ...args, sharedRole: { kind: 'owner', readers: ['report'] } });

    expect(children).toMatchInlineSnapshot(`
      [
        "owned: keyturn:postgres:DualUserDatabaseRole",
        "owned-shared-role: postgresql:index/role:Role",
        "owned-user-a: postgresql:index/role:Role",
        "owned-user-b: postgresql:index/role:Role",
        "owned-schema: postgresql:index/schema:Schema",
        "owned-reader-report-schema: postgresql:index/grant:Grant",
        "owned-reader-report-later-tables: postgresql:index/defaultPrivileges:DefaultPrivileges",
        "owned-reader-report-later-sequences: postgresql:index/defaultPrivileges:DefaultPrivileges",
      ]
    `);
  });

  it('have names that never change, as grantee', async () => {
    const { children } = await build('granted', grantee);

    expect(children).toMatchInlineSnapshot(`
      [
        "granted: keyturn:postgres:DualUserDatabaseRole",
        "granted-shared-role: postgresql:index/role:Role",
        "granted-user-a: postgresql:index/role:Role",
        "granted-user-b: postgresql:index/role:Role",
        "granted-schema-usage: postgresql:index/grant:Grant",
        "granted-tables: postgresql:index/grant:Grant",
        "granted-sequences: postgresql:index/grant:Grant",
        "granted-functions: postgresql:index/grant:Grant",
        "granted-later-tables: postgresql:index/defaultPrivileges:DefaultPrivileges",
        "granted-later-sequences: postgresql:index/defaultPrivileges:DefaultPrivileges",
        "granted-later-functions: postgresql:index/defaultPrivileges:DefaultPrivileges",
      ]
    `);
  });

  it.each([
    { kind: 'owner', schema: 'sales', readers: ['report'] },
    { kind: 'grantee', owner: 'migrator', schema: 'sales', privileges: { function: [] } },
  ] as const)('are exactly the model as data ($kind)', async (sharedRole) => {
    const { recorded } = await build(`model-${sharedRole.kind}`, { ...args, sharedRole });
    const model = dualUserModel({
      pair: 'shop',
      database: 'shopdb',
      sharedRole,
      connections: { fleet: 40 },
    });

    expect(recorded).toHaveLength(resourcesOf(model).length);
    expect(recorded).toEqual(expect.arrayContaining([...resourcesOf(model)]));
  });
});

describe('the users of DualUserDatabaseRole', () => {
  it('cannot log in, and differ in nothing but their name', async () => {
    const { inputs } = await build('equal', args);
    const { name: a, ...restOfA } = inputs('equal-user-a');
    const { name: b, ...restOfB } = inputs('equal-user-b');

    expect([a, b]).toEqual(['shop_a', 'shop_b']);
    expect(restOfA).toEqual(restOfB);
    expect(restOfA).toEqual({
      login: false,
      inherit: true,
      connectionLimit: 50,
      roles: ['shop'],
      assumeRole: 'shop',
      searchPaths: ['shop', 'public'],
    });
  });

  it('become nobody at login when the shared role only holds rights', async () => {
    const { inputs } = await build('plain', grantee);

    expect(inputs('plain-user-a')).not.toHaveProperty('assumeRole');
    expect(inputs('plain-user-a')).toMatchObject({ roles: ['shop'], searchPaths: ['sales', 'public'] });
  });

  it('keep what the rotation wrote through a later up', async () => {
    const { options } = await build('kept', args);

    for (const user of ['kept-user-a', 'kept-user-b']) {
      expect(options.get(user)?.ignoreChanges).toEqual(['password', 'login', 'validUntil']);
    }
    expect(options.get('kept-shared-role')?.ignoreChanges).toEqual([]);
  });

  it('get timeouts in milliseconds, both the same', async () => {
    const { inputs } = await build('timed', {
      ...args,
      settings: { searchPath: ['app'], statementTimeout: '30s', idleInTransactionSessionTimeout: '1m' },
    });

    for (const user of ['timed-user-a', 'timed-user-b']) {
      expect(inputs(user)).toMatchObject({
        searchPaths: ['app'],
        statementTimeout: 30_000,
        idleInTransactionSessionTimeout: 60_000,
      });
    }
  });
});

describe('the outputs of DualUserDatabaseRole', () => {
  it('name the pair, and hold no password', async () => {
    const { role } = await build('outputs', args);
    const pair = { name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] };

    expect(await value(role.pair)).toEqual(pair);
    expect(await value(role.ready)).toEqual(pair);
    expect(await value(role.users)).toEqual(pair.users);
    expect(await value(role.sharedRole)).toBe('shop');
    expect(await value(role.schema)).toBe('shop');
    expect(await value(role.plan)).toEqual({ ...args.plan, strategy: 'dual-user' });
  });

  it('take the name of the pair from the component when none is given', async () => {
    const unnamed = { ...args };
    delete (unnamed as { pair?: string }).pair;
    const { role } = await build('orders', unnamed);

    expect(await value(role.users)).toEqual(['orders_a', 'orders_b']);
  });
});

describe('a transform', () => {
  it('changes a child and sees its name', async () => {
    const names: string[] = [];
    const { inputs } = await build('changed', {
      ...args,
      transform: {
        users: (role, _options, name) => {
          names.push(name);
          return { ...role, statementTimeout: 5_000 };
        },
        schema: { dropCascade: true },
      },
    });

    expect(names).toEqual(['changed-user-a', 'changed-user-b']);
    expect(inputs('changed-user-a')).toMatchObject({ name: 'shop_a', statementTimeout: 5_000 });
    expect(inputs('changed-user-b')).toMatchObject({ name: 'shop_b', statementTimeout: 5_000 });
    expect(inputs('changed-schema')).toMatchObject({ dropCascade: true });
  });

  it('cannot make a later up undo a rotation', async () => {
    const { options, children } = await build('stubborn', {
      ...args,
      transform: {
        users: (role, given) => {
          given.ignoreChanges = ['connectionLimit'];
          delete given.parent;
          return role;
        },
      },
    });

    expect(options.get('stubborn-user-a')?.ignoreChanges).toEqual([
      'password',
      'login',
      'validUntil',
      'connectionLimit',
    ]);
    expect(children).toContain('stubborn-user-a: postgresql:index/role:Role');
  });

  const loginFixed =
    'the rotation switches logins on and off and sets passwords, and no working credential may be in the state. Leave it as it is.';

  it.each([
    { change: { password: 'hunter2' }, says: `changes \`password\`: ${loginFixed}` },
    { change: { login: true }, says: `changes \`login\`: ${loginFixed}` },
    { change: { name: 'someone' }, says: 'changes `name`: names come from `pair`. Leave it as it is.' },
    {
      change: { roles: ['shop', 'admin'] },
      says: 'changes `roles`: both users get their rights from the shared role. Leave it as it is.',
    },
  ])('may not change $change', ({ change, says }) => {
    const broken = () => new DualUserDatabaseRole('broken', { ...args, transform: { users: change } });

    expect(broken).toThrow(TransformError);
    expect(broken).toThrow(says);
    expect(broken).not.toThrow('hunter2');
  });
});

describe('a plan that cannot work', () => {
  const consumers = [
    {
      name: 'web',
      chain: [
        { kind: 'sync', name: 'External Secrets refresh', longest: '1h' },
        { kind: 'pool', name: 'pg pool', longest: '30m' },
      ],
    },
  ] as const;

  it('is refused before anything is registered, naming the links and the numbers', () => {
    const before = registered.length;

    expect(() => new DualUserDatabaseRole('hasty', { ...args, plan: { every: '1h', consumers } })).toThrow(
      new PlanError(
        'Rotating every 1h is faster than the smallest safe interval of 1h 31m (longest lifetime 1h 30m + soak 0ms + run time 1m; ' +
          'web: store → External Secrets refresh 1h → pg pool 30m (1h 30m in all)). Rotate less often, or shorten a link.',
      ),
    );
    expect(registered).toHaveLength(before);
  });

  it('is accepted at the smallest safe interval', async () => {
    const { role } = await build('exact', { ...args, plan: { every: '91m', consumers } });

    expect(await value(role.plan)).toMatchObject({ every: '91m' });
  });
});

describe('the connection limit', () => {
  const limited = (connections: DualUserDatabaseRoleArgs['connections']) => () =>
    dualUserModel({ pair: 'shop', database: 'shopdb', sharedRole: { kind: 'owner' }, connections });

  it('holds the whole fleet and its headroom for each user', () => {
    expect(limited({ fleet: 10, headroom: 0.01 })().users.map(({ inputs }) => inputs.connectionLimit)).toEqual([
      11, 11,
    ]);
    expect(limited({ fleet: 10, headroom: 0 })().users.map(({ inputs }) => inputs.connectionLimit)).toEqual([10, 10]);
  });

  it('is accepted when both users just fit the server', () => {
    expect(limited({ fleet: 40, serverMax: 103 })().users[0].inputs.connectionLimit).toBe(50);
  });

  it.each([
    {
      connections: { fleet: 40, serverMax: 102 },
      says:
        'Both users together need 2 × 50 = 100 connections (fleet 40 + 25 % headroom, each), and the server has 102 − 3 reserved = 99. ' +
        'Make the pools smaller, put a pooler in front, or raise max_connections.',
    },
    {
      connections: { fleet: 0 },
      says: '`connections.fleet` must be a whole number of at least 1, got 0. Write instances × pool size.',
    },
    {
      connections: { fleet: 1, headroom: -0.1 },
      says: '`connections.headroom` must be 0 or more, got -0.1. Write 0.25 for a quarter.',
    },
  ])('is refused for $connections', ({ connections, says }) => {
    expect(limited(connections)).toThrow(new ConnectionLimitError(says));
  });
});
