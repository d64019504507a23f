export {
  AzureKeyVaultRotation,
  type AzureKeyVaultRotationArgs,
  type KeyVaultDatabase,
  LookEveryError,
} from './azure-key-vault-rotation.js';
export { KeyVaultError } from './key-vault.js';
export type { RotatorWatch } from './watch.js';
export type { NamedPair, PairInput } from '../pair.js';
