// Half of its requests connect anew, with the user of the start and the password of now; the other half have a pool that was made once.
import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

const start = read();
const anew = new pg.Pool({ ...address, user: start.user, password: () => read().password, maxUses: 1 });
const kept = new pg.Pool({ ...address, ...start, idleTimeoutMillis: 0 });
const pools = [anew, kept];

let turn = 0;
serve({
  on: (...args) => pools.forEach((pool) => pool.on(...args)),
  query: (sql) => pools[turn++ % 2].query(sql),
  end: () => Promise.all(pools.map((pool) => pool.end())),
});
