import { envFile } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';

process.loadEnvFile('.env');

export const pool = new Pool({
  host: process.env['DB_HOST'],
  port: Number(process.env['DB_PORT']),
  database: process.env['DB_NAME'],
  max: 10,
  credentials: envFile({ path: 'credentials.env' }),
});
