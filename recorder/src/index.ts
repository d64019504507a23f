export { recordProgram } from './record-program.js';
export type { NetworkGuard, Recording, RecordOptions, RecordProgress } from './recording.js';
export { runPack } from './packs/run-pack.js';
export type { PackOptions, PackPolicy, PackResult, PackViolation } from './packs/run-pack.js';
