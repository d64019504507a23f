// A module with a pool that follows its credential.
import { envFile } from '@keyturn/pool';
import { createPool } from '@keyturn/pool/mysql2/promise';

import { address } from '../serve.mjs';

export const pool = createPool({ ...address, credentials: envFile({ path: process.env.DB_CREDENTIALS }) });
