import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Operation } from '@keyturn/rehearsal';
import { type Client, escapeIdentifier } from 'pg';

import { home } from './stage.js';

// As many as shop.sql makes.
const orders = 4_000;
const customers = 400;
const items = 50;

/** Makes the tables of the shop, fills them, and gives them to `owner`. */
export async function createShop(client: Client, owner: string): Promise<void> {
  await client.query(await readFile(path.join(home, 'shop.sql'), 'utf8'));
  for (const table of ['stock', 'orders']) {
    await client.query(`ALTER TABLE ${table} OWNER TO ${escapeIdentifier(owner)}`);
  }
}

/** What customers of the shop do, and how often. */
export const operations: readonly Operation[] = [
  { name: 'look at an order', weight: 12, method: 'GET', path: (pick) => `/orders/${1 + pick(orders)}` },
  { name: 'list my orders', weight: 4, method: 'GET', path: (pick) => `/customers/${pick(customers)}/orders` },
  {
    name: 'place an order',
    weight: 3,
    method: 'POST',
    path: (pick) => `/customers/${pick(customers)}/orders?item=${pick(items)}`,
  },
  { name: 'best sellers', weight: 1, method: 'GET', path: () => '/best-sellers' },
];
