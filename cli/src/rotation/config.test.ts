import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const canary = 'c4n4ry-Xq7';
const right = `
pairs:
  orders:
    database:
      kind: postgres
      database: orders
      admin: { user: keyturn, password: { env: ADMIN_PASSWORD } }
      endpoints: [{ kind: writer, host: 127.0.0.1, port: 1 }]
    store: { kind: env-file, path: orders.env }
    plan: { every: 30d, soak: 1h, consumers: [{ name: web, chain: [{ kind: pool, longest: 30m }] }] }
`;

let world: World | undefined;
afterEach(() => world?.remove());

async function status(text: string, ...args: string[]) {
  world = makeWorld({ 'keyturn.rotation.yaml': text });
  return await world.keyturn('status', ...args);
}

describe('keyturn.rotation.yaml', () => {
  it.each([
    {
      name: 'a password in clear text',
      text: right.replace('{ env: ADMIN_PASSWORD }', canary),
      says: '"pairs.orders.database.admin.password" must not hold the secret itself. Write { env: NAME } or { file: PATH }, and change a secret that was shared with this file.',
    },
    {
      name: 'a token in clear text',
      text: right.replace('kind: env-file, path: orders.env', `kind: vault, path: orders, token: ${canary}`),
      says: '"pairs.orders.store.token" must not hold the secret itself.',
    },
    {
      name: 'a password among the fields of a secret',
      text: right.replace(
        'kind: env-file, path: orders.env',
        `kind: aws-secrets-manager, secretId: orders, fields: { password: ${canary} }`,
      ),
      says: '"pairs.orders.store.fields.password" is written by keyturn and must not stand here.',
    },
    {
      name: 'a reference that says two places',
      text: right.replace('env: ADMIN_PASSWORD', 'env: ADMIN_PASSWORD, file: admin'),
      says: '"pairs.orders.database.admin.password" needs either "env" or "file".',
    },
    {
      name: 'a key that is nearly right',
      text: right.replace('soak:', 'soack:'),
      says: '"pairs.orders.plan" has an unknown key "soack". Did you mean "soak"?',
    },
    {
      name: 'a key that is nearly right, in a database',
      text: right.replace('endpoints:', 'endpoint:'),
      says: '"pairs.orders.database" has an unknown key "endpoint". Did you mean "endpoints"?',
    },
    {
      name: 'a kind of database that there is not',
      text: right.replace('kind: postgres', 'kind: postgers'),
      says: /"pairs\.orders\.database\.kind" must be one of .*postgres.*\. Did you mean "postgres"\?/,
    },
    {
      name: 'a PgBouncer whose endpoint is not there',
      text: right.replace(
        'endpoints: [{ kind: writer, host: 127.0.0.1, port: 1 }]',
        'endpoints: [{ kind: writer, host: a }, { kind: pooler, name: front, host: b }]\n      poolers: [{ endpoint: frond, console: { user: c, password: { env: P } } }]',
      ),
      says: '"poolers" names the endpoint "frond", and those of kind pooler are front. Did you mean "front"?',
    },
    {
      name: 'a PgBouncer without an endpoint',
      text: right.replace('port: 1 }]', 'port: 1 }]\n      poolers: [{ console: { user: c, password: { env: P } } }]'),
      says: '"poolers" names the endpoint "pooler", and no endpoint is of kind pooler.',
    },
    {
      name: 'a ProxySQL whose endpoint is not there',
      text: right
        .replace('kind: postgres', 'kind: mysql')
        .replace(
          'endpoints: [{ kind: writer, host: 127.0.0.1, port: 1 }]',
          'endpoints: [{ kind: writer, host: a }, { kind: pooler, name: front, host: b }]\n      poolers: [{ endpoint: frond, console: { user: c, password: { env: P } } }]',
        ),
      says: '"poolers" names the endpoint "frond", and those of kind pooler are front. Did you mean "front"?',
    },
    {
      name: 'a misspelt key of a ProxySQL',
      text: right
        .replace('kind: postgres', 'kind: mysql')
        .replace(
          'port: 1 }]',
          'port: 1 }]\n      poolers: [{ passwordFrom: verifier, console: { user: c, password: { env: P } } }]',
        ),
      says: /unknown key "passwordFrom"|Did you mean "passwordForm"\?/,
    },
    {
      name: 'a password of a console in clear text',
      text: right.replace('port: 1 }]', `port: 1 }]\n      poolers: [{ console: { user: c, password: ${canary} } }]`),
      says: '"pairs.orders.database.poolers.0.console.password" must not hold the secret itself.',
    },
    {
      name: 'a kind of store that there is not',
      text: right.replace('kind: env-file', 'kind: envfile'),
      says: /"pairs\.orders\.store\.kind" must be one of .*env-file.*\. Did you mean "env-file"\?/,
    },
    {
      name: 'a store without a kind',
      text: right.replace('kind: env-file, ', ''),
      says: '"pairs.orders.store" lacks "kind".',
    },
    {
      name: 'a time that is none',
      text: right.replace('30m', '30x'),
      says: '"pairs.orders.plan.consumers (web, pool)": Cannot read "30x" as a duration.',
    },
    {
      name: 'a plan that cannot work',
      text: right.replace('every: 30d', 'every: 20m'),
      says: 'Rotating every 20m is faster than the smallest safe interval of 1h 31m',
    },
    {
      name: 'a user that is the shared role',
      text: right.replace('    database:\n', '    users: [orders, orders_b]\n    database:\n'),
      says: '"pairs.orders" needs different names for its users and their shared role, got orders, orders_b and orders.',
    },
    {
      name: 'two users with a strategy for one',
      text: right.replace('every: 30d', 'strategy: single-user, every: 30d'),
      says: '"pairs.orders" needs one "user", and no "users", with the strategy single-user.',
    },
    {
      name: 'two passwords of one role',
      text: right
        .replace('every: 30d', 'strategy: dual-password, every: 30d')
        .replace('    database:\n', '    user: app\n    database:\n'),
      says: 'PostgreSQL has no strategy "dual-password": a role has one password. Use dual-user.',
    },
    {
      name: 'text that is no YAML, without quoting it',
      text: `pairs:\n  orders: {password: ${canary}`,
      says: 'is not YAML: see line 2, column',
    },
    { name: 'a file without pairs', text: 'pairs: {}', says: 'must NOT have fewer than 1 properties' },
    {
      name: 'a database without a writer',
      text: right.replace('kind: writer', 'kind: reader'),
      says: 'Exactly one endpoint must be of kind "writer", got 0 of 1.',
    },
    {
      name: 'a variable that is not set',
      text: right,
      says: 'The password of keyturn is read from the environment variable ADMIN_PASSWORD, which is not set.',
    },
    {
      name: 'a file that is not there',
      text: right.replace('env: ADMIN_PASSWORD', 'file: secrets/admin'),
      says: 'The password of keyturn is read from the file secrets/admin, which cannot be read (ENOENT).',
    },
  ])('refuses $name', async ({ text, says }) => {
    const result = await status(text);
    expect(result.err).toMatch(says);
    expect({ code: result.code, out: result.out }).toEqual({ code: 2, out: '' });
    expect(result.err).not.toContain(canary);
  });

  it('is refused where there is none, and where it has no such pair', async () => {
    world = makeWorld({});
    expect((await world.keyturn('rotate')).err).toContain('There is no keyturn.rotation.yaml here or above.');
    world.remove();
    expect((await status(right, 'order')).err).toContain(
      'There is no pair "order". Did you mean "orders"? There are orders.',
    );
  });

  it('needs the name of a pair where there are several', async () => {
    const two = `${right}${right.replace('\npairs:', '').replaceAll('orders', 'users')}`;
    world = makeWorld({ 'keyturn.rotation.yaml': two });
    const { err, code } = await world.keyturn('rotate');
    expect({ err, code }).toEqual({ err: 'error: Name the pair: orders, users.\n', code: 2 });
  });
});

describe('wrong usage', () => {
  it.each([
    { args: ['rotate', '--force'], says: '--force needs --reason TEXT' },
    { args: ['rotate', '--compromised'], says: '--compromised needs --reason TEXT' },
    {
      args: ['rotate', '--compromised', '--force', '--reason', 'x'],
      says: '--compromised passes every gate already. Leave --force out.',
    },
    { args: ['rollback'], says: 'rollback needs --reason TEXT' },
    { args: ['status', '--interval', 'often'], says: '--interval: Cannot read "often" as a duration.' },
    { args: ['rotate', '--resaon', 'x'], says: "unknown option '--resaon'\n(Did you mean --reason?)" },
  ])('$args', async ({ args, says }) => {
    world = makeWorld({ 'keyturn.rotation.yaml': right, admin: 'x' });
    const { code, err, out } = await world.keyturn(...args);
    expect(err).toContain(says);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

it('reports a server that does not answer with 3, as JSON where that was asked for', async () => {
  const { code, out, err } = await status(
    right.replace('env: ADMIN_PASSWORD', 'file: keyturn.rotation.yaml'),
    '--json',
  );
  expect(code).toBe(3);
  expect(JSON.parse(out)).toMatchObject({ pair: 'orders', outcome: 'failed' });
  expect(err).toContain('Cannot log in to writer (127.0.0.1:1/orders) as keyturn');
});
