export * from './rotating-database-secret.js';
export { BundleMissing } from './rotator-code.js';
export * from './rotator-rights.js';
