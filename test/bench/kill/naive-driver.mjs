// A rotator as people write it: one user, a new password, then the file. The kill bench must catch it losing logins.
//   npm run --silent bench:kill -- --driver test/bench/kill/naive-driver.mjs
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

import pg from 'pg';

/** @type {import('../../../rotation/src/kill/driver.js').Driver} */
const driver = {
  name: 'naive',
  cannot: ({ database, store, strategy, run }) =>
    database === 'postgres' && store === 'env-file' && strategy === 'dual-user' && run === 'advance'
      ? undefined
      : 'it only changes the password of one user of PostgreSQL in place',
  prepare: async (job) => {
    await asAdmin(job, `CREATE ROLE ${job.pair} LOGIN`);
    await rotate(job);
  },
  run: rotate,
};
export default Object.freeze(driver);

async function rotate(job) {
  const password = randomBytes(18).toString('hex');
  await asAdmin(job, `ALTER ROLE ${job.pair} PASSWORD '${password}'`);
  await writeFile(job.store.path, `DB_USER=${job.pair}\nDB_PASSWORD=${password}\nDB_GENERATION=${Date.now()}\n`);
}

async function asAdmin({ database: { host, port, name, admin } }, statement) {
  const client = new pg.Client({ host, port, database: name, ...admin });
  await client.connect();
  await client.query(statement);
  await client.end();
}
