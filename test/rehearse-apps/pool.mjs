// A module with a pool that follows its credential.
import { envFile } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';

export const pool = new Pool({
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  database: process.env.DB_NAME,
  credentials: envFile({ path: process.env.DB_CREDENTIALS }),
});
