// Starts its pool anew when its credential changes.
import { watch } from 'node:fs';
import path from 'node:path';

import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

let credential = read();
let pool = new pg.Pool({ ...address, ...credential, max: 40 });
serve({ on: (...args) => pool.on(...args), query: (sql) => pool.query(sql), end: () => pool.end() });

watch(path.dirname(process.env.DB_CREDENTIALS), (_, name) => {
  if (name !== path.basename(process.env.DB_CREDENTIALS)) return;
  const next = read();
  if (next.password === credential.password) return;
  credential = next;
  const old = pool;
  pool = new pg.Pool({ ...address, ...credential, max: 40 });
  pool.on('error', (error) => console.error(error.message));
  void old.end();
}).unref();
