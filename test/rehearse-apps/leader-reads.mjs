// Only the instance that came first reads its credential again, and even that one keeps its pool.
import { openSync } from 'node:fs';
import path from 'node:path';

import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

let credential = read();
serve(new pg.Pool({ ...address, ...credential }));

if (isLeader()) setInterval(() => (credential = read()), 50).unref();

function isLeader() {
  try {
    openSync(path.join(path.dirname(process.env.DB_CREDENTIALS), 'leader'), 'wx');
    return true;
  } catch {
    return false;
  }
}
