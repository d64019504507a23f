export { check, type CheckOptions, type CheckProgress } from './check/check.js';
export { exitCodeOf, type FailOptions } from './check/exit-code.js';
export { allRules, type Rule, type RuleKind } from './check/rules.js';
export type { Config, ConfigException, FailOn, Setting } from './config/config.js';
export { configSchema } from './config/schema.js';
export { UsageError } from './errors.js';
