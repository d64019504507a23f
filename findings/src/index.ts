export * from './facts.js';
export * from './finding.js';
