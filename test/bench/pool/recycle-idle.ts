import type { Server } from './server.js';

/** As an operator would for pools that keep what they are connected with: so that a new credential is used at all. */
export async function recycleIdle({ admin }: Server): Promise<void> {
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'app%' AND state = 'idle'`,
  );
}
