// A module with a pool that does not follow.
import pg from 'pg';

import { read } from './read.mjs';
import { address } from './serve.mjs';

export const pool = new pg.Pool({ ...address, ...read() });
pool.on('error', (error) => console.error(error.message));
