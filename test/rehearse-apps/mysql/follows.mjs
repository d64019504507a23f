// Follows its credential.
import { envFile } from '@keyturn/pool';
import { createPool } from '@keyturn/pool/mysql2/promise';

import { address, serve } from '../serve.mjs';

serve(createPool({ ...address, credentials: envFile({ path: process.env.DB_CREDENTIALS }) }));
