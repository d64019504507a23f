import { dualUserModel, resourcesOf, statementsFor } from '@keyturn/components/postgres/model';
import { vaultKv } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';
import { createRotator, PostgresDatabase } from '@keyturn/rotation';
import { VaultKvStore } from '@keyturn/rotation/vault';
import { startOpenBao, startPostgres } from '@keyturn/services';
import pg from 'pg';

import { shop } from './shop.js';

const say = (line: string): void => console.log(line);
const server = await startPostgres();
const bao = await startOpenBao();
const admin = { user: server.superuser, password: server.superuserPassword };
const at = { host: server.host, port: server.port, database: shop.database };
const vault = { address: bao.url, token: bao.rootToken, path: 'shop/database' };

const model = dualUserModel(shop);
const setUp = new pg.Client({ ...at, ...admin });
await setUp.connect();
// What `pulumi up` would ask of the database; see README.md for the same with Pulumi.
for (const { sql } of statementsFor(resourcesOf(model))) await setUp.query(sql);
await setUp.end();
say(`made ${model.pair.users.join(' and ')}, which cannot log in yet`);

const rotator = createRotator({
  pair: model.pair,
  // On a laptop nobody waits for ten seconds: the gate goes by sessions alone.
  plan: { strategy: 'dual-user', every: '1h', consumers: [] },
  store: new VaultKvStore(vault),
  database: new PostgresDatabase({
    endpoints: [{ name: 'writer', kind: 'writer', ...at, tls: false }],
    admin,
    pair: model.pair,
    sharedRoleKind: model.kind,
  }),
});
await rotator.bootstrap();
await rotator.advance();

const pool = new Pool({ ...at, max: shop.connections.fleet, credentials: vaultKv({ ...vault, pollMillis: 100 }) });
await pool.query('CREATE TABLE parcel (id bigint GENERATED ALWAYS AS IDENTITY, packed_by text DEFAULT session_user)');
let failed = 0;
let working = true;
const work = (async () => {
  while (working) {
    await pool.query('INSERT INTO parcel DEFAULT VALUES').catch(() => (failed += 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
})();

for (let turn = 1; turn <= 3; turn += 1) {
  const result = await rotator.advance();
  if (result.outcome !== 'advanced') throw new Error(`the rotation did not happen: ${result.because}`);
  let retired = await rotator.retire();
  while (retired.outcome !== 'retired') {
    await new Promise((resolve) => setTimeout(resolve, 200));
    retired = await rotator.retire();
  }
  say(`generation ${result.generation}: ${result.published} is published, ${retired.user} is retired`);
}

working = false;
await work;
const { rows } = await pool.query<{ packed_by: string; parcels: number }>(
  'SELECT packed_by, count(*)::int AS parcels FROM parcel GROUP BY 1 ORDER BY 1',
);
for (const { packed_by, parcels } of rows) say(`${packed_by} packed ${parcels} parcels`);
say(`failed queries: ${failed}`);
await pool.end();
await bao.stop();
await server.stop();
process.exitCode = failed === 0 ? 0 : 1;
