import { NameError, PlanError } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { ConnectionLimitError } from '../connection-limit.js';
import { TransformError } from '../transform.js';
import { DualUserDatabaseRole, type DualUserDatabaseRoleArgs } from './dual-user-database-role.js';
import { mysqlDualUserModel, mysqlResourcesOf, RightError } from './model.js';

const args: DualUserDatabaseRoleArgs = {
  pair: 'shop',
  rights: [{ database: 'shop_eu' }, { database: 'stock', table: 'parcel', privileges: ['select'] }],
  plan: { every: '30 days', consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
  connections: { fleet: 40 },
};
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

async function build(name: string, change: Partial<DualUserDatabaseRoleArgs> = {}) {
  const children: string[] = [];
  const note = ({ name: child, type }: pulumi.ResourceTransformationArgs): undefined =>
    void children.push(`${child}: ${type}`);
  const role = new DualUserDatabaseRole(name, { ...args, ...change }, { transformations: [note] });
  await value(role.ready);
  // Children without an order between them register in any.
  const recorded = children
    .slice(1)
    .flatMap((child) => registered.filter((resource) => child === `${resource.name}: ${resource.type}`));
  return { role, children, recorded: recorded.map(({ type, inputs }) => ({ type, inputs })) };
}

const value = async <T>(output: pulumi.Output<T>): Promise<T> =>
  await new Promise<T>((resolve) => void output.apply((known) => resolve(known)));

describe('DualUserDatabaseRole for MySQL', () => {
  it('makes a role and its rights, under names that never change, and no user', async () => {
    expect((await build('db')).children).toEqual([
      'db: keyturn:mysql:DualUserDatabaseRole',
      'db-shared-role: mysql:index/role:Role',
      'db-rights-shop_eu: mysql:index/grant:Grant',
      'db-rights-stock-parcel: mysql:index/grant:Grant',
    ]);
  });

  it('registers exactly the model as data', async () => {
    const { recorded } = await build('data');
    const model = mysqlDualUserModel({ ...args, pair: 'shop', engine: 'mysql' });

    expect(recorded).toEqual(mysqlResourcesOf(model));
    expect(recorded.map(({ inputs }) => inputs)).toEqual([
      { name: 'shop' },
      {
        role: 'shop',
        database: String.raw`shop\_eu`,
        table: '*',
        privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
      },
      { role: 'shop', database: 'stock', table: 'parcel', privileges: ['SELECT'] },
    ]);
  });

  it('takes the name of a database as it is where the server does', async () => {
    const { recorded } = await build('plain', { partialRevokes: true });
    expect(recorded[1]?.inputs['database']).toBe('shop_eu');
  });

  it('gives the rights as statements on MariaDB, where the provider fails to give them', async () => {
    const { role, children } = await build('maria', { engine: 'mariadb' });
    expect(children).toEqual(['maria: keyturn:mysql:DualUserDatabaseRole', 'maria-shared-role: mysql:index/role:Role']);
    expect(await value(role.statements)).toEqual([
      "GRANT SELECT, INSERT, UPDATE, DELETE ON `shop\\_eu`.* TO 'shop'",
      "GRANT SELECT ON `stock`.`parcel` TO 'shop'",
    ]);
    expect(await value((await build('not-maria')).role.statements)).toEqual([]);
  });

  it('tells the engine how to make both users, and no password', async () => {
    const { role } = await build('told', { users: { host: '10.0.%' } });
    expect(await value(role.bootstrap)).toEqual({
      pair: { name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] },
      host: '10.0.%',
      requireTls: true,
      connectionLimit: 50,
    });
  });

  it('says in preview who makes the users, and only there', async () => {
    const said: string[] = [];
    vi.spyOn(pulumi.log, 'info').mockImplementation(async (message) => await Promise.resolve(void said.push(message)));
    await build('deployed');
    vi.spyOn(pulumi.runtime, 'isDryRun').mockReturnValue(true);
    await build('previewed');
    await build('previewed-maria', { engine: 'mariadb', rights: [{ database: 'shop' }] });
    vi.restoreAllMocks();

    expect(said).toEqual([
      'The users shop_a and shop_b are not made by Pulumi, which could only make them with the empty password: ' +
        "keyturn's bootstrap makes them, locked, after this is deployed.",
      expect.stringContaining('are not made by Pulumi'),
      "@pulumi/mysql cannot give rights on MariaDB. An administrator gives them once: GRANT SELECT, INSERT, UPDATE, DELETE ON `shop`.* TO 'shop'",
    ]);
  });

  it.each([
    { change: { name: 'other' }, on: 'sharedRole', says: 'changes `name`: names come from `pair`. Leave it as it is.' },
    {
      change: { role: 'admin' },
      on: 'grants',
      says: 'changes `role`: both users get their rights from the shared role. Leave it as it is.',
    },
    {
      change: { user: 'shop_a' },
      on: 'grants',
      says: 'changes `user`: both users get their rights from the shared role. Leave it as it is.',
    },
  ])('lets no transform change $change', ({ change, on, says }) => {
    const broken = () => new DualUserDatabaseRole('broken', { ...args, transform: { [on]: change } });
    expect(broken).toThrow(TransformError);
    expect(broken).toThrow(says);
  });
});

describe('what DualUserDatabaseRole for MySQL refuses', () => {
  const refused = (change: Partial<DualUserDatabaseRoleArgs>) => () =>
    new DualUserDatabaseRole('refused', { ...args, ...change });

  it('is a name that MySQL does not take, at 33 characters, which MariaDB does', async () => {
    expect(refused({ pair: 'p'.repeat(31) })).toThrow(NameError);
    expect(mysqlDualUserModel({ ...args, pair: 'p'.repeat(30), engine: 'mysql' }).bootstrap.pair.users[0]).toHaveLength(
      32,
    );
    await build('long', { pair: 'p'.repeat(31), engine: 'mariadb' });
  });

  it('is a plan that its consumers cannot follow', () => {
    expect(refused({ plan: { ...args.plan, every: '5m' } })).toThrow(PlanError);
  });

  it('is a fleet that does not fit the server twice', () => {
    expect(refused({ connections: { fleet: 40, serverMax: 102 } })).toThrow(ConnectionLimitError);
  });

  it.each([
    { rights: [], says: '`rights` is empty, so neither user could do anything. Name at least one database.' },
    {
      rights: [{ database: '*' }],
      says: '`rights` names the database "*". Name one database; a right on all of them reaches the accounts.',
    },
    {
      rights: [{ database: 'shop', privileges: ['SELECT', 'GRANT OPTION'] }],
      says: 'The privileges on "shop" are "SELECT, GRANT OPTION". Write words such as SELECT or ALL PRIVILEGES; GRANT OPTION is not for applications.',
    },
    {
      rights: [{ database: 'shop', privileges: [] }],
      says: 'The privileges on "shop" are "". Write words such as SELECT or ALL PRIVILEGES; GRANT OPTION is not for applications.',
    },
    {
      rights: [{ database: 'shop', privileges: ['ALL ON *.* TO x; --'] }],
      says: 'The privileges on "shop" are "ALL ON *.* TO x; --". Write words such as SELECT or ALL PRIVILEGES; GRANT OPTION is not for applications.',
    },
  ])('is $says', ({ rights, says }) => {
    expect(refused({ rights })).toThrow(new RightError(says));
  });
});
