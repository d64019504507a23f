import { Pool } from 'pg';

process.loadEnvFile('.env');

export const pool = new Pool({
  host: process.env['DB_HOST'],
  port: Number(process.env['DB_PORT']),
  database: process.env['DB_NAME'],
  user: process.env['DB_USER'],
  password: process.env['DB_PASSWORD'],
  max: 10,
});

// A connection that breaks while it is idle is not the end of the shop.
pool.on('error', (error) => console.error(error.message));
