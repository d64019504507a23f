export * from '../connection-limit.js';
export * from './dual-user-database-role.js';
export * from './dual-user-model.js';
export { type Transform, TransformError } from '../transform.js';
