import { mysqlDualUserModel, mysqlResourcesOf, mysqlStatementsFor } from '@keyturn/components/mysql/model';
import { createRotator, MemoryStore } from '@keyturn/rotation';
import { MysqlDatabase } from '@keyturn/rotation/mysql';
import { type MariadbServer, orNotRun, startMariadb, startMysql } from '@keyturn/services';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const servers = [
  { engine: 'mariadb', start: async () => await orNotRun(() => startMariadb()) },
  // Needs mvn, which is not on every machine.
  { engine: 'mysql', start: async () => await orNotRun(() => startMysql(), { optional: true }) },
] as const;

describe.each(servers)('a pair that the component made on a real $engine', ({ engine, start }) => {
  const model = mysqlDualUserModel({
    pair: 'shop',
    engine,
    rights: [{ database: 'shop_eu' }],
    connections: { fleet: 2 },
  });
  const store = new MemoryStore();
  let server: MariadbServer | undefined;
  let missing = '';

  const as = async (user: string, password: string, ...statements: string[]): Promise<RowDataPacket[]> => {
    const client = await createConnection({ host: server?.host ?? '', port: server?.port ?? 0, user, password });
    client.on('error', () => undefined);
    try {
      let rows: RowDataPacket[] = [];
      for (const statement of statements) [rows] = await client.query<RowDataPacket[]>(statement);
      return rows;
    } finally {
      await client.end();
    }
  };
  const root = (): [string, string] => [server?.superuser ?? '', server?.superuserPassword ?? ''];
  const rotator = () => {
    const [user, password] = root();
    const { host = '', port = 0 } = server ?? {};
    const endpoint = { name: 'writer', kind: 'writer', host, port, database: 'shop_eu', tls: false } as const;
    const { pair, connectionLimit, host: from } = model.bootstrap;
    return createRotator({
      pair,
      store,
      plan: { strategy: 'dual-user', every: '1h', consumers: [] },
      // The server on loopback speaks clear text; the component asks for TLS.
      database: new MysqlDatabase({
        endpoints: [endpoint],
        admin: { user, password },
        pair,
        host: from,
        connectionLimit,
        requireTls: false,
      }),
    });
  };
  const published = async () => {
    const credential = await store.readPublished();
    if (!credential) throw new Error('nothing is published');
    return credential;
  };
  const refused = (error: unknown): boolean => [1045, 3118, 4151].includes((error as { errno: number }).errno);
  const works = 'INSERT INTO shop_eu.parcel VALUES (1)';

  beforeAll(async () => {
    const started = await start();
    server = started.part;
    missing = started.because ?? '';
    if (!server) return;
    await as(...root(), 'CREATE DATABASE shop_eu', 'CREATE TABLE shop_eu.parcel (id int)');
    await as(...root(), ...mysqlStatementsFor(mysqlResourcesOf(model)), ...model.statements);
    await rotator().bootstrap();
  }, 300_000);
  afterAll(async () => await server?.stop());
  beforeEach((context) => {
    if (!server) context.skip(missing);
  });

  it('has two users that nobody can log in as, with the empty password or anything the component says', async () => {
    for (const user of ['shop_a', 'shop_b']) {
      for (const password of ['', 'shop', ...model.bootstrap.pair.users, model.bootstrap.host]) {
        await expect(as(user, password), user).rejects.toSatisfy(refused);
      }
    }
  });

  it('does its work with each credential in turn, and the superseded one until it is retired', async () => {
    expect(await rotator().advance()).toMatchObject({ outcome: 'advanced', generation: 1, published: 'shop_a' });
    const first = await published();
    await as(first.user, first.password, works);

    expect(await rotator().advance()).toMatchObject({ outcome: 'advanced', generation: 2, published: 'shop_b' });
    const second = await published();
    for (const { user, password } of [first, second]) await as(user, password, works);

    expect(await rotator().retire()).toMatchObject({ outcome: 'retired', user: 'shop_a' });
    await expect(as(first.user, first.password)).rejects.toSatisfy(refused);
    await as(second.user, second.password, works);
  });

  it('gives the first user a new password at the third rotation, and the limit of the component', async () => {
    expect(await rotator().advance()).toMatchObject({ outcome: 'advanced', generation: 3, published: 'shop_a' });
    const { user, password } = await published();
    await as(user, password, works);

    const sessions = await Promise.all(
      [1, 2, 3].map(
        async () => await createConnection({ host: server?.host ?? '', port: server?.port ?? 0, user, password }),
      ),
    );
    await expect(as(user, password)).rejects.toMatchObject({ errno: 1226 });
    await Promise.all(sessions.map(async (session) => await session.end()));
  });

  it('loses every right with the role, which is what destroy drops', async () => {
    const { user, password } = await published();
    await as(...root(), "DROP ROLE 'shop'");
    await expect(as(user, password, works)).rejects.toMatchObject({ errno: 1142 });
  });
});
