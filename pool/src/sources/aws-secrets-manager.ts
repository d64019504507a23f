import type * as SecretsManager from '@aws-sdk/client-secrets-manager';

import type { CredentialSource } from '../credential-source.js';
import { countChanges, type FunctionCredential } from './from-function.js';
import { credentialIn } from './json-secret.js';
import { poll } from './poll.js';

export interface AwsSecretsManagerOptions {
  /** A client of the AWS SDK, with region and credentials of the application; it needs `secretsmanager:GetSecretValue`. */
  readonly client: SecretsManager.SecretsManagerClient;
  /** Name or ARN. */
  readonly secretId: string;
  /** How often the secret is read without a cause, in milliseconds, jittered by a tenth. Default: 60 000. */
  readonly pollMillis?: number;
}

/**
 * A credential source from AWS Secrets Manager: `username`, `password` and, when there is one, `generation` of the JSON. The version labelled
 * AWSPREVIOUS is the fallback.
 */
export function awsSecretsManager({
  client,
  secretId,
  pollMillis = 60_000,
}: AwsSecretsManagerOptions): CredentialSource {
  const numbered = countChanges();
  const value = async (stage: string, signal: AbortSignal | undefined): Promise<FunctionCredential> => {
    const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
    const { SecretString } = await client.send(command, signal ? { abortSignal: signal } : {});
    return credentialIn(SecretString, secretId, ', as the AWS rotation templates do');
  };
  return {
    read: async (signal) => numbered(await value('AWSCURRENT', signal)),
    readPrevious: async (signal) => {
      const { user, password, generation } = await value('AWSPREVIOUS', signal);
      return { user, password, generation: generation ?? 0 };
    },
    watch: (onChange) => poll(pollMillis, onChange),
  };
}
