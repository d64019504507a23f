export * from './target-groups.js';
export * from './target-health.js';
