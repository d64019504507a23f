export type { Format, FormatContext } from './context.js';
export { verdict } from './counts.js';
export { formatJson, type JsonFinding, type JsonReport } from './json.js';
export { mask, maskSource, type MaskedSource } from './masked-source.js';
export { formatPretty } from './pretty.js';
export { formatSarif } from './sarif.js';
