import { pool } from './database.js';

export async function orderById(id: number): Promise<unknown> {
  const { rows } = await pool.query('SELECT id, customer, item, quantity, placed_at FROM orders WHERE id = $1', [id]);
  return rows[0] ?? null;
}

export async function ordersOf(customer: number): Promise<unknown> {
  const { rows } = await pool.query(
    'SELECT id, item, quantity, placed_at FROM orders WHERE customer = $1 ORDER BY id DESC LIMIT 20',
    [customer],
  );
  return rows;
}

export async function bestSellers(): Promise<unknown> {
  const { rows } = await pool.query(
    'SELECT item, sum(quantity)::int AS sold FROM orders GROUP BY item ORDER BY sold DESC LIMIT 10',
  );
  return rows;
}

export async function placeOrder(customer: number, item: number): Promise<unknown> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('UPDATE stock SET remaining = remaining - 1 WHERE item = $1', [item]);
    const { rows } = await client.query(
      'INSERT INTO orders (customer, item, quantity) VALUES ($1, $2, 1) RETURNING id',
      [customer, item],
    );
    await client.query('COMMIT');
    return rows[0];
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
