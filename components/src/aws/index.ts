export type { SecretConsumer, SecretStage } from './consumers.js';
export type { GivenNetwork, MadeNetwork, RotatorNetwork } from './network.js';
export type { ProxyAuth } from './proxy-users.js';
export * from './rotating-database-secret.js';
export { BundleMissing } from '../bundle.js';
export * from './rotator-rights.js';
