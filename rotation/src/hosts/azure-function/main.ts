import { app } from '@azure/functions';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

import { type AzureFunction, azureFunction } from './handler.js';

let made: AzureFunction | undefined;

/** Made at the first event: an app whose settings are wrong starts, and says so with each invocation. */
function theFunction(): AzureFunction {
  made ??= azureFunction({
    env: process.env,
    clientFor: (vault) => new SecretClient(vault, new DefaultAzureCredential()),
  });
  return made;
}

app.eventGrid('keyturn-near-expiry', { handler: async (event) => await theFunction().nearExpiry(event) });
app.timer('keyturn-tend', {
  schedule: process.env['KEYTURN_TEND'] ?? '0 */10 * * * *',
  handler: async () => await theFunction().tend(),
});
