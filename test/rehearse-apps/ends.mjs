// Does not bear a credential that is not that of its start.
import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

const start = read();
const pool = new pg.Pool({ ...address, ...start });
serve({
  on: (...args) => pool.on(...args),
  query: (sql) => {
    if (read().password === start.password) return pool.query(sql);
    console.error('The credential is not mine.');
    process.exit(9);
  },
  end: () => pool.end(),
});
