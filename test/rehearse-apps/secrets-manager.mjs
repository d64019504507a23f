// Follows a secret of AWS Secrets Manager.
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsSecretsManager } from '@keyturn/pool/aws-secrets-manager';
import { Pool } from '@keyturn/pool/pg';

import { address, serve } from './serve.mjs';

const client = new SecretsManagerClient({});
serve(
  new Pool({
    ...address,
    credentials: awsSecretsManager({ client, secretId: process.env.DB_SECRET_ID, pollMillis: 200 }),
  }),
);
