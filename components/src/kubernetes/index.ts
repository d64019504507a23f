export * from './synced-secret.js';
export * from './synced/delivery.js';
export type { ByExternalSecrets } from './synced/external-secrets.js';
export type { BySecretsStoreCsi, CsiFromAws, CsiFromVault } from './synced/secrets-store-csi.js';
export type { ByVaultAgent } from './synced/vault-agent.js';
export type { ByVaultSecretsOperator, RestartTarget } from './synced/vault-secrets-operator.js';
