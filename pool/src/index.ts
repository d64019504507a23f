export type { Credential } from '@keyturn/plan';
export * from './credential-source.js';
export { CredentialSourceError, NoUsableCredential } from './errors.js';
export type { RefreshEvent } from './keeper.js';
export type { RefusedEvent } from './logins.js';
export type { FollowOptions } from './policy.js';
export * from './sources/env-file.js';
export { fromFunction, type FromFunctionOptions, type FunctionCredential } from './sources/from-function.js';
export * from './sources/mounted-files.js';
