import { table } from '../table.testing.js';
import rule from './require-pool-drain.js';

const pool = "import { Pool } from 'pg';\nexport const pool = new Pool({ password: read });\n";
const redis = "import { createClient } from 'redis';\nconst cache = createClient({ url });\n";

table(rule, {
  fine: [
    { name: 'no signal', code: pool },
    {
      name: 'drained before the exit',
      code: `${pool}process.on('SIGTERM', async () => { await pool.end(); process.exit(0); });`,
    },
    {
      name: 'drained when the server has closed',
      code: `${pool}process.on('SIGTERM', () => { server.close(() => { pool.end().then(() => process.exit(0)); }); });`,
    },
    {
      name: 'a handler that does not end the process',
      code: `${pool}process.on('SIGTERM', () => { stopping = true; });`,
    },
    {
      name: 'a handler that calls another module',
      code: `${pool}import { shutdown } from './shutdown.js';\nprocess.on('SIGTERM', () => { shutdown(); process.exit(0); });`,
    },
    {
      name: 'a pool that something else may drain',
      code: `${pool}manage(pool);\nprocess.on('SIGTERM', () => { process.exit(0); });`,
    },
    {
      name: 'a drainer of yours, as a member',
      code: `${pool}import * as db from '@acme/db';\nprocess.on('SIGTERM', () => { db.drain(); process.exit(0); });`,
      options: [{ drainers: [{ from: 'package', name: 'drain', package: '@acme/db' }] }],
    },
    { name: 'a graceful close', code: `${redis}process.on('SIGTERM', async () => { await cache.close(); });` },
    {
      name: 'a pool of something else',
      code: "import { Pool } from 'tinypool'; import 'pg'; const pool = new Pool({}); process.on('SIGTERM', () => { process.exit(0); });",
    },
  ],
  wrong: [
    {
      name: 'an exit without draining',
      code: `${pool}process.on('SIGTERM', () => { process.exit(0); });`,
      says: [['notDrained', { name: 'pool', drain: 'end' }, 3]],
    },
    {
      name: 'a server that is closed, and the pool is not',
      code: `${pool}process.once('SIGTERM', () => { server.close(() => process.exit(0)); });`,
      says: [['notDrained', { name: 'pool', drain: 'end' }]],
    },
    {
      name: 'the abrupt way',
      code: `${redis}process.on('SIGINT', () => { cache.destroy(); });`,
      says: [['abrupt', { name: 'cache', drain: 'close', method: 'destroy' }]],
    },
  ],
});
