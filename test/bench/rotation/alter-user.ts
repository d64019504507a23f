import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import type { Queryable } from '../load.js';
import type { Contender, Ground } from './contender.js';

/** What an instance takes to come up again, in milliseconds; few are as fast. */
const restartMs = 300;

interface Instance {
  pool: pg.Pool;
  up: boolean;
}

/** What most teams do: `ALTER USER`, write the new password down, and restart one instance after another. Nothing is sent to one that is down. */
export async function alterUserAndRestart({ host, port, database, admin, role }: Ground): Promise<Contender> {
  const at = { host, port, database };
  let password = '';
  const alter = async (what: 'CREATE' | 'ALTER'): Promise<void> => {
    password = randomBytes(18).toString('base64url');
    const client = new pg.Client({ ...at, ...admin });
    await client.connect();
    try {
      await client.query(`${what} USER ${role} PASSWORD ${client.escapeLiteral(password)}`);
    } finally {
      await client.end();
    }
  };
  await alter('CREATE');
  const open = (): pg.Pool => {
    const pool = new pg.Pool({ ...at, user: role, password, max: 8 });
    pool.on('error', () => undefined);
    return pool;
  };
  return {
    name: 'ALTER USER and restart',
    owner: role,
    rotate: () => alter('ALTER'),
    startApplication: () => {
      const instances: Instance[] = [1, 2].map(() => ({ pool: open(), up: true }));
      let turn = 0;
      const next = (): pg.Pool => {
        const up = instances.filter((instance) => instance.up);
        const chosen = up[(turn += 1) % up.length];
        if (chosen === undefined) throw new Error('No instance is up.');
        return chosen.pool;
      };
      const db: Queryable = {
        query: async (sql, values) => await next().query(sql, values),
        connect: async () => await next().connect(),
      };
      return Promise.resolve({
        db,
        rotate: async () => {
          await alter('ALTER');
          for (const instance of instances) {
            instance.up = false;
            await instance.pool.end();
            await pause(restartMs);
            instance.pool = open();
            instance.up = true;
          }
        },
        refusedLogins: () => 0,
        stop: async () => {
          await Promise.all(instances.map(({ pool }) => pool.end()));
        },
      });
    },
    stop: () => Promise.resolve(),
  };
}
