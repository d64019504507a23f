export * from './authentication-errors.js';
export * from './dual-users.js';
export * from './duration.js';
export * from './lifetimes.js';
export * from './names.js';
export * from './plan.js';
export * from './words.js';
