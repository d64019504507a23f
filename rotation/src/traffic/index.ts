export * from './deployments.js';
export * from './gateway-route.js';
export * from './gradual.js';
export * from './prometheus.js';
export * from './weights.js';
