import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf } from '../ast.js';
import { exportBehind, inOtherFile } from '../imports.js';
import { type Source, initialValueOf, placeOf, variableOf } from '../origin.js';
import { majorOf } from '../package-version.js';
import type { FileContext } from '../project-file.js';
import { type Binding, bindingOf, objectBehind, objectsBehind, traced } from '../value.js';
import type { Client } from './client.js';

const contexts = new WeakMap<object, FileContext>();

/** Lets `tracedBeyond` look into the files that this one imports, and `asRequired` into the manifest. */
export function mayLookBeside(context: FileContext): void {
  contexts.set(context.sourceCode.ast, context);
}

/** The client as it is in the major version that the project asks for. */
export function asRequired(source: Source, client: Client): Client {
  const context = client.inMajor && contexts.get(source.ast);
  const major = context && majorOf(context, client.modules);
  return major === undefined ? client : { ...client, ...client.inMajor?.[major] };
}

/** What another file of the project exports under the name that is imported here. */
function exported(source: Source, node: Node): Node | undefined {
  const context = contexts.get(source.ast);
  if (!context) return undefined;
  const place = placeOf(node);
  return exportBehind(place ? inOtherFile(context, place) : context, node)?.node;
}

/** Sources may import each other, so each way ends after so many steps. */
const deepest = 6;

/** As `traced`, and through the files of the project that the value comes from. */
export function tracedBeyond(source: Source, node: Node, depth = 0): Node {
  const value = traced(source, node);
  if (depth > deepest) return value;
  const other = exported(source, value);
  if (other) return tracedBeyond(source, other, depth + 1);
  const path = pathTo(source, value);
  let current = path && tracedBeyond(source, path.owner, depth + 1);
  for (const name of path?.members ?? []) {
    const object = current && objectBehind(source, current);
    const property = object && findProperty(object, name);
    current = property && tracedBeyond(source, property.value, depth + 1);
  }
  return current ?? value;
}

/** `config.db`, and the `db` of `const { db } = config`. */
function pathTo(source: Source, node: Node): { readonly owner: Node; readonly members: readonly string[] } | undefined {
  if (node.type === 'MemberExpression') {
    const name = nameOf(node);
    return name === undefined ? undefined : { owner: node.object, members: [name] };
  }
  const variable = node.type === 'Identifier' ? variableOf(source, node) : undefined;
  const initial = variable && initialValueOf(variable);
  return initial && initial.members.length > 0 ? { owner: initial.value, members: initial.members } : undefined;
}

/** As `objectBehind`, and beyond this file. */
export function objectBehindImport(source: Source, node: Node): TSESTree.ObjectExpression | undefined {
  return objectBehind(source, node, 0, tracedBeyond);
}

/** As `objectsBehind`, and beyond this file. */
export function objectsBehindImport(source: Source, node: Node): TSESTree.ObjectExpression[] {
  return objectsBehind(source, node, tracedBeyond);
}

/** As `bindingOf`, and beyond this file. */
export function bindingBeyond(source: Source, node: Node): Binding {
  return bindingOf(source, node, 0, tracedBeyond);
}
