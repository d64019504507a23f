export * from './facts.js';
export * from './finding.js';
export * from './terminal.js';
