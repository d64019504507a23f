import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, nameOf, textOf, unwrap, walk } from '../ast.js';
import { type Source, originOf } from '../origin.js';
import { type Binding, bindingOf, traced } from '../value.js';
import type { Client } from './client.js';
import { hookedModules } from './clients.js';
import { at, propertyThrough } from './config.js';
import { objectsBehindImport } from './imported.js';

/** The option that is asked again for each connection. `name=value` needs that value, `name()` needs a function. */
export function hookIn(source: Source, config: TSESTree.ObjectExpression, client: Client): string | undefined {
  return client.hooks.find((hook) => {
    const [path = '', wanted] = hook.split('=');
    const [first = '', ...deeper] = path.replace('()', '').split('.');
    const given = propertyThrough(source, config, [first], objectsBehindImport)?.value;
    const [object] = given && deeper.length > 0 ? objectsBehindImport(source, given) : [];
    const value = deeper.length === 0 ? given : object && at(source, object, deeper, objectsBehindImport);
    if (!value) return false;
    if (path.endsWith('()')) return bindingOf(source, value) === 'function';
    const behind = traced(source, value);
    if (wanted !== undefined) return textOf(behind) === wanted;
    const isFixed = behind.type === 'NewExpression' && client.fixedHooks?.includes(nameOf(behind.callee) ?? '');
    return textOf(behind) === undefined && !isFixed;
  });
}

/** How the last argument of a hook that copies its values is bound. */
export function fixedHookIn(source: Source, config: TSESTree.ObjectExpression, client: Client): Binding | undefined {
  for (const hook of client.fixedHooks ? client.hooks : []) {
    const value = at(source, config, hook.split('.'));
    const made = value && traced(source, value);
    const last = made?.type === 'NewExpression' ? made.arguments.at(-1) : undefined;
    if (last && made?.type === 'NewExpression' && client.fixedHooks?.includes(nameOf(made.callee) ?? ''))
      return bindingOf(source, last);
  }
  return undefined;
}

export function isHookedValue(source: Source, node: Node): boolean {
  const origin = originOf(source, node);
  return (
    origin !== undefined && hookedModules.some((each) => origin.module === each || origin.module.startsWith(`${each}/`))
  );
}

/** What the module brings up to date by itself, wherever the client is held: by assigning again, or by adding a hook. */
export function refreshedElsewhere(source: Source, client: Client): 'password' | 'both' | undefined {
  const paths = (client.assignable ?? []).map((path) => path.split('.'));
  let password = false;
  let user = false;
  let hook = false;
  walk(source.ast, (node) => {
    if (hook) return false;
    if (node.type === 'AssignmentExpression') {
      password ||= paths.some((path) => endsWith(node.left, path));
      user ||= paths.some((path) => client.userKeys.some((key) => endsWith(node.left, [...path.slice(0, -1), key])));
    } else if (node.type === 'CallExpression') hook = addsHook(node, client);
    return true;
  });
  if (hook || (password && user)) return 'both';
  return password ? 'password' : undefined;
}

function addsHook(call: TSESTree.CallExpression, client: Client): boolean {
  const method = nameOf(call.callee) ?? '';
  if (!client.hookMethods?.includes(method)) return false;
  if (method === 'addHook' || method === 'addListener') return textOf(call.arguments[0]) === 'beforeConnect';
  return call.callee.type === 'MemberExpression';
}

function endsWith(node: Node, path: readonly string[]): boolean {
  let current: Node = unwrap(node);
  for (const name of path.toReversed()) {
    // `options.password` alone is of options that a client has yet to be made with.
    if (nameOf(current) !== name || current.type !== 'MemberExpression') return false;
    current = unwrap(current.object);
  }
  return true;
}
