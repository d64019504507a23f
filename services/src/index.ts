export * from './account.js';
export * from './postgres.js';
