// Reads its credential again and again, and keeps the pool that it made from the first.
import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

let credential = read();
setInterval(() => (credential = read()), 100).unref();

serve(new pg.Pool({ ...address, max: 40, ...credential }));
