import type { CredentialSource } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';

import type { Application, Ground } from './contender.js';

/** An application with `@keyturn/pool`, whoever rotates. */
export function followingApplication(
  at: Pick<Ground, 'host' | 'port' | 'database'>,
  credentials: CredentialSource,
  rotate: () => Promise<void>,
): Application {
  const pool = new Pool({ ...at, max: 8, credentials });
  return { db: pool, rotate, refusedLogins: () => pool.counters.refused, stop: () => pool.end() };
}
