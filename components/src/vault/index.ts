export * from './consumer.js';
export type * from './engine.js';
export * from './lease.js';
export * from './server.js';
export * from './statements.js';
export * from './vault-dynamic-database.js';
export * from './vault-static-role-pair.js';
export { type Transform, TransformError } from '../transform.js';
