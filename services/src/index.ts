export * from './account.js';
export * from './cache.js';
export * from './http-service.js';
export * from './moto.js';
export * from './openbao.js';
export * from './part-missing.js';
export * from './postgres.js';
export * from './python.js';
