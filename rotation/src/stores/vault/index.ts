export { VaultKvStore, type VaultKvStoreOptions } from './vault-kv-store.js';
export { VaultStaticStore, type VaultStaticStoreOptions } from './vault-static-store.js';
export type { VaultAccess } from './vault-api.js';
