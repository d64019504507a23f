export { accept, acceptedIn, type Acceptance } from './accept.js';
export * from './evaluate.js';
export * from './options.js';
export * from './policies/index.js';
export * from './policy.js';
export { daysOfExpression } from './aws/schedule.js';
export { goDurationMs } from './graph/kubernetes-sources.js';
