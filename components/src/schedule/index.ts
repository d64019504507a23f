export * from './rotation-schedule.js';
