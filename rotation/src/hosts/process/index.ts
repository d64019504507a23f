export * from '../metrics.js';
export * from './process-host.js';
export * from './schedule.js';
