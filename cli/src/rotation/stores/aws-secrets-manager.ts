import { UsageError } from '../../errors.js';
import type { StoreKind } from '../kind.js';

interface AwsSecretsManagerConfig {
  readonly secretId: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly fields?: Readonly<Record<string, string | number>>;
}

const text = { type: 'string', minLength: 1 } as const;

export const awsSecretsManager: StoreKind<AwsSecretsManagerConfig> = {
  kind: 'aws-secrets-manager',
  description: 'A secret in AWS Secrets Manager; credentials come from where the AWS SDK looks for them.',
  required: ['secretId'],
  properties: {
    secretId: { ...text, description: 'Name or ARN. The secret exists; it may have no value yet.' },
    region: { ...text, description: 'Default: AWS_REGION, or the profile.' },
    endpoint: { ...text, description: 'Address of the API, where it is not that of the region.' },
    fields: {
      type: 'object',
      properties: { username: false, password: false, generation: false },
      additionalProperties: { type: ['string', 'number'] },
      description:
        'Further keys of the JSON, such as host, port, engine, dbname. Default: those of the current version.',
    },
  },
  rights: ({ secretId }) => [
    JSON.stringify(
      {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'].map(
              (action) => `secretsmanager:${action}`,
            ),
            // The ARN ends with six characters that the name does not have.
            Resource: secretId.startsWith('arn:') ? secretId : `arn:*:secretsmanager:*:*:secret:${secretId}-??????`,
          },
        ],
      },
      undefined,
      2,
    ),
    'kms:Decrypt and kms:GenerateDataKey on the key of the secret, where it is not aws/secretsmanager',
  ],
  async make({ secretId, region, endpoint, fields }) {
    const [{ AwsSecretsManagerStore }, { SecretsManagerClient }] = await Promise.all([
      import('@keyturn/rotation/aws-secrets-manager'),
      import('@aws-sdk/client-secrets-manager').catch((cause: unknown) => {
        throw new UsageError(
          'The store aws-secrets-manager needs the package @aws-sdk/client-secrets-manager. Run: npm install @aws-sdk/client-secrets-manager',
          { cause },
        );
      }),
    ]);
    const client = new SecretsManagerClient({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
    });
    return new AwsSecretsManagerStore({ client, secretId, ...(fields !== undefined && { fields }) });
  },
};
