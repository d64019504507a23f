import path from 'node:path';
import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf } from '../ast.js';
import { callsElsewhere } from '../callers.js';
import { foldersAbove } from '../folders.js';
import { exportBehind, exportIn, inOtherFile } from '../imports.js';
import { type Source, initialValueOf, placeOf, variableOf } from '../origin.js';
import { majorOf } from '../package-version.js';
import { callsHere } from '../parameters.js';
import type { FileContext } from '../project-file.js';
import { type Binding, bindingOf, objectBehind, objectsBehind, traced } from '../value.js';
import type { Client } from './client.js';
import { autoConfigFor } from './framework-options.js';
import { memberOfInstance, optionsOf, registeredConfig } from './instances.js';

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

/** The objects that a file of this name exports, beside the one that is linted or above it; nothing where there is none. */
export function settingsIn(source: Source, name: string): TSESTree.ObjectExpression[] | undefined {
  const context = contexts.get(source.ast);
  for (const folder of context ? foldersAbove(context) : []) {
    const from = path.relative(path.dirname(context?.filename ?? ''), path.join(folder, name));
    const module = from.startsWith('.') ? from : `./${from}`;
    const found = context && (exportIn(context, module, 'default') ?? exportIn(context, `${module}.json`, 'default'));
    if (!found) continue;
    const value = tracedBeyond(source, found.node);
    const values = value.type === 'ArrayExpression' ? value.elements : [value];
    return values.flatMap((each) => (each ? objectsBehindImport(source, each) : []));
  }
  return undefined;
}

/** Sources may import each other, so each way ends after so many steps. */
const deepest = 6;

/** As `traced`, and through the files of the project that the value comes from. */
export function tracedBeyond(source: Source, node: Node, depth = 0): Node {
  const value = traced(source, node);
  if (depth > deepest) return value;
  const other = exported(source, value) ?? ofInstance(source, value, depth);
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

/** What a member of an object of a known class is, and what a name of a known type holds. */
function ofInstance(source: Source, node: Node, depth: number): Node | undefined {
  const follow = (each: Node) => tracedBeyond(source, each, depth + 1);
  if (node.type === 'Identifier') return registeredConfig(source, node, follow) ?? autoConfigFor(source, node);
  if (node.type !== 'MemberExpression') return undefined;
  return (
    memberOfInstance(source, node, follow) ?? optionsOf(source, node, follow) ?? registeredConfig(source, node, follow)
  );
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

/** What the program calls a function with that takes a name as a parameter: in this file, and in the others of its package. */
export function callsBeyond(source: Source, node: Node): Node[] {
  const here = callsHere(source, node);
  const context = contexts.get(source.ast);
  return here.length > 0 || !context ? here : callsElsewhere(context, node);
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
