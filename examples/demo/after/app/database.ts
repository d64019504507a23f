import { envFile } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';

export const pool = new Pool({
  host: process.env['DB_HOST'],
  port: Number(process.env['DB_PORT'] ?? 5432),
  database: process.env['DB_NAME'],
  max: 10,
  credentials: envFile({ path: process.env['DB_CREDENTIALS'] ?? '/run/database/database.env' }),
});
