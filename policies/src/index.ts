export * from './evaluate.js';
export * from './options.js';
export * from './policies/index.js';
export * from './policy.js';
