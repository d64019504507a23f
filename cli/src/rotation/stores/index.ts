import { type AnyStoreKind, anyStoreKind } from '../kind.js';
import { awsSecretsManager } from './aws-secrets-manager.js';
import { azureKeyVault } from './azure-key-vault.js';
import { envFile } from './env-file.js';
import { kubernetes } from './kubernetes.js';
import { vault } from './vault.js';
import { vaultStatic } from './vault-static.js';

/** The stores that a configuration can name, by their `kind`. */
export const storeKinds: readonly AnyStoreKind[] = [
  anyStoreKind(envFile),
  anyStoreKind(awsSecretsManager),
  anyStoreKind(vault),
  anyStoreKind(vaultStatic),
  anyStoreKind(kubernetes),
  anyStoreKind(azureKeyVault),
];
