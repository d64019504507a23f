export * from './dual-user-database-role.js';
export * from './model.js';
export { type Transform, TransformError } from '../transform.js';
