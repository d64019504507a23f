export { applyExceptions, type ConfiguredException, type Exceptions } from './apply.js';
export { isDay, parseDirective, readDirectives, type Directive } from './directive.js';
export { exceptionRules, type ExceptionRule } from './rules.js';
