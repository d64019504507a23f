import { createInterface } from 'node:readline';

import type { Credential } from '@keyturn/plan';
import { fromFunction } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';

// One process of a fleet: asks the store over HTTP, and tells on its standard output what it saw.
const { store, host, port } = JSON.parse(process.argv[2] ?? '{}') as { store: string; host: string; port: number };
const credentials = fromFunction(async () => (await (await fetch(store)).json()) as Credential, {
  pollMillis: 3_600_000,
});
const pool = new Pool({ host, port, database: 'postgres', max: 2, idleTimeoutMillis: 1, credentials });
const ask = async (): Promise<number> => {
  const asked = await Promise.allSettled([pool.query('SELECT 1'), pool.query('SELECT 1')]);
  return asked.filter(({ status }) => status === 'rejected').length;
};
const tell = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

tell({ failed: await ask() });
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'ask') break;
  tell({ failed: await ask(), refused: pool.counters.refused, generation: pool.counters.generation });
}
await pool.end();
