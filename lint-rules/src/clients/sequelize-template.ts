import { nameOf } from '../ast.js';
import type { Source } from '../origin.js';
import { type Binding, traced } from '../value.js';
import type { Making } from './find-client.js';
import { bindingOfEntry } from './imported.js';

/**
 * How `process.env[config.use_env_variable]` is bound, the URL of one of the two branches in the template of sequelize-cli:
 * `absent` where the configuration never names a variable, so that the branch never runs; nothing for any other client.
 */
export function bindingOfNamedVariable(source: Source, node: Making): Binding | undefined {
  const [first] = node.arguments;
  const url = first && first.type !== 'SpreadElement' ? traced(source, first) : undefined;
  if (url?.type !== 'MemberExpression' || !url.computed || nameOf(url.property) !== 'use_env_variable')
    return undefined;
  return bindingOfEntry(source, url.property) ?? 'unknown';
}
