export { recordProgram } from './record-program.js';
export type { NetworkGuard, Recording, RecordOptions, RecordProgress } from './recording.js';
