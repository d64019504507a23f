export { type Transform, TransformError } from './transform.js';
