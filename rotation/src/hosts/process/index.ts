export * from '../metrics.js';
export * from './process-host.js';
export * from './prometheus.js';
export * from './schedule.js';
