import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { StoreError } from '../../store.js';
import { AwsSecretsManagerStore } from '../../stores/aws-secrets-manager/aws-secrets-manager-store.js';
import { defaultsOf } from './database.js';
import type { Settings } from './settings.js';

/** The secret that is rotated, and the login of the rotator. */
export interface RotatedSecret {
  readonly store: AwsSecretsManagerStore;
  readonly engine: string;
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  readonly admin: { readonly user: string; readonly password: string };
}

/**
 * @throws StoreError when a key is missing, or the admin secret belongs to another server: a rotator must not be talked into using its login
 * somewhere else.
 */
export async function secretOf(
  client: SecretsManagerClient,
  secretId: string,
  settings: Settings,
): Promise<RotatedSecret> {
  const fields = settings.database;
  const engine = String(fields['engine'] ?? 'postgres');
  const defaults = defaultsOf(engine);
  const { host, port = defaults.port, dbname = defaults.dbname, masterarn } = fields;
  if (typeof host !== 'string' || typeof masterarn !== 'string') {
    throw new StoreError(
      'KEYTURN_DATABASE needs "host" and "masterarn", the ARN of the secret with the rotator\'s login.',
    );
  }
  const admin = await adminOf(client, masterarn);
  if (admin.host !== undefined && admin.host !== host) {
    throw new StoreError(
      `The admin secret is for ${admin.host} and the rotated one for ${host}. Point "masterarn" at the secret of the same server.`,
    );
  }
  return {
    store: new AwsSecretsManagerStore({ client, secretId, fields }),
    engine,
    host,
    port: Number(port),
    dbname: String(dbname),
    admin,
  };
}

async function adminOf(
  client: SecretsManagerClient,
  arn: string,
): Promise<{ user: string; password: string; host: string | undefined }> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const { SecretString: text } = await client
    .send(new GetSecretValueCommand({ SecretId: arn }))
    .catch((cause: unknown) => {
      throw new StoreError(
        `The admin secret ${arn} could not be read: ${cause instanceof Error ? cause.name : 'unknown error'}.`,
        { cause },
      );
    });
  const { username, password, host } = parsed(text);
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new StoreError(`The admin secret ${arn} has no "username" and "password".`);
  }
  return { user: username, password, host: typeof host === 'string' ? host : undefined };
}

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(text ?? '') as Record<string, unknown>;
  } catch {
    // The error of the parser would show a piece of the secret.
    return {};
  }
}
