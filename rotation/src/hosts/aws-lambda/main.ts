import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { createHandler } from './handler.js';

/** The entry point of the bundle: `handler` of the Lambda function. Region and credentials are those of the function's role. */
export const handler = createHandler({ client: new SecretsManagerClient({}) });
