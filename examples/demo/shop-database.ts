import type { Operation } from '@keyturn/rehearsal';
import { type Client, escapeIdentifier } from 'pg';

// Enough rows that a report is real work.
const orders = 4_000;
const customers = 400;
const items = 50;

/** Makes the tables of the shop, fills them, and gives them to `owner`. */
export async function createShop(client: Client, owner: string): Promise<void> {
  await client.query(`
    CREATE TABLE stock (item int PRIMARY KEY, remaining int NOT NULL);
    CREATE TABLE orders (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      customer int NOT NULL,
      item int NOT NULL REFERENCES stock,
      quantity int NOT NULL,
      placed_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON orders (customer, id);
    INSERT INTO stock SELECT item, 1000000 FROM generate_series(0, ${items - 1}) AS item;
    INSERT INTO orders (customer, item, quantity)
      SELECT n % ${customers}, n % ${items}, 1 + n % 3 FROM generate_series(1, ${orders}) AS n;
    ALTER TABLE stock OWNER TO ${escapeIdentifier(owner)};
    ALTER TABLE orders OWNER TO ${escapeIdentifier(owner)};
  `);
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
