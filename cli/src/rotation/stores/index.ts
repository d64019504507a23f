import type { Store } from '@keyturn/rotation';

import { type AnyKind, anyKind } from '../kind.js';
import { awsSecretsManager } from './aws-secrets-manager.js';
import { envFile } from './env-file.js';
import { kubernetes } from './kubernetes.js';
import { vault } from './vault.js';

/** The stores that a configuration can name, by their `kind`. */
export const storeKinds: readonly AnyKind<Store>[] = [
  anyKind(envFile),
  anyKind(awsSecretsManager),
  anyKind(vault),
  anyKind(kubernetes),
];
