import { setTimeout as after } from 'node:timers/promises';

import type { Credential } from '@keyturn/plan';
import type { CredentialSource } from '@keyturn/pool';
import { Pool, type PoolConfig } from '@keyturn/pool/pg';
import pg from 'pg';

import type { Queryable } from './load.js';
import { recycleIdle } from './recycle-idle.js';
import type { Server } from './server.js';

/** A pool under rotation: what it queries with, and what its operator does when a new credential is published. */
export interface Subject {
  readonly name: string;
  readonly db: Queryable;
  /** Resolves when the pool holds nothing of the older credential any more, as far as it can tell. */
  published(credential: Credential): Promise<void>;
  end(): Promise<void>;
}

export const connections = 16;

export function followingPool(server: Server, name = '@keyturn/pool', options: Partial<PoolConfig> = {}): Subject {
  const watchers = new Set<() => void>();
  const source: CredentialSource = {
    read: () => Promise.resolve(server.published),
    watch: (onChange) => {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
  };
  const pool = new Pool({ ...server.at, max: connections, ...options, credentials: source });
  return {
    name,
    db: pool,
    async published(credential) {
      for (const changed of watchers) changed();
      // Logins are slow on a busy machine, and the pool makes one at a time.
      const end = Date.now() + 60_000;
      while (pool.counters.generation !== credential.generation || pool.counters.superseded > 0) {
        if (Date.now() > end) throw new Error(`Generation ${credential.generation} was not taken within 60 s.`);
        await after(1);
      }
    },
    end: () => pool.end(),
  };
}

/** The user is fixed at construction; only the password can follow. */
export function passwordFunction(server: Server): Subject {
  const { at, published } = server;
  const pool = new pg.Pool({
    ...at,
    max: connections,
    user: published.user,
    password: () => server.published.password,
  });
  pool.on('error', () => undefined);
  return {
    name: 'pg, password function',
    db: pool,
    published: async () => await recycleIdle(server),
    end: () => pool.end(),
  };
}

export function handWrittenSwap(server: Server): Subject {
  const open = (): pg.Pool => {
    const { user, password } = server.published;
    const made = new pg.Pool({ ...server.at, max: connections, user, password });
    made.on('error', () => undefined);
    return made;
  };
  let pool = open();
  return {
    name: 'pg, new pool and end of the old one',
    db: {
      query: async (sql) => {
        const mine = pool;
        // An application reads its pool and checks out later; in between, the pool may be ended.
        await Promise.resolve();
        return await mine.query(sql);
      },
    },
    published: async () => {
      const before = pool;
      pool = open();
      await before.end();
    },
    end: async () => await pool.end(),
  };
}
