export type { Format, FormatContext } from './context.js';
export { verdict } from './counts.js';
export { formatGithub } from './github.js';
export { formatJson, type JsonFinding, type JsonReport } from './json.js';
export { formatJunit } from './junit.js';
export { formatMarkdown } from './markdown.js';
export { mask, maskSource, type MaskedSource } from './masked-source.js';
export { formatPretty } from './pretty.js';
export { formatSarif } from './sarif.js';
