// Only the instance that came first watches the credential, and starts its pool anew.
import { openSync } from 'node:fs';
import path from 'node:path';

import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

let credential = read();
let pool = new pg.Pool({ ...address, ...credential, max: 40 });
serve({ on: (...args) => pool.on(...args), query: (sql) => pool.query(sql), end: () => pool.end() });

if (isLeader()) {
  setInterval(() => {
    const next = read();
    if (next.password === credential.password) return;
    credential = next;
    const old = pool;
    pool = new pg.Pool({ ...address, ...credential, max: 40 });
    void old.end();
  }, 50).unref();
}

function isLeader() {
  try {
    openSync(path.join(path.dirname(process.env.DB_CREDENTIALS), 'leader'), 'wx');
    return true;
  } catch {
    return false;
  }
}
