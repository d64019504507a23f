// Follows a secret of Vault.
import { vaultKv } from '@keyturn/pool';
import { Pool } from '@keyturn/pool/pg';

import { address, serve } from './serve.mjs';

const { VAULT_ADDR, VAULT_TOKEN, DB_SECRET_PATH } = process.env;
const path = DB_SECRET_PATH.replace('secret/data/', '');
serve(
  new Pool({ ...address, credentials: vaultKv({ address: VAULT_ADDR, token: VAULT_TOKEN, path, pollMillis: 200 }) }),
);
