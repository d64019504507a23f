// Reads its secret from AWS Secrets Manager once.
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';

import { address, serve } from './serve.mjs';

const client = new SecretsManagerClient({});
const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: process.env.DB_SECRET_ID }));
const { username: user, password } = JSON.parse(SecretString);
serve(new pg.Pool({ ...address, user, password }));
