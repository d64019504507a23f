import type { TSESLint } from '@typescript-eslint/utils';
import { type Node, findProperty, isAtModuleScope, isFunction, nameOf, textOf } from '../ast.js';
import { type Source, variableOf } from '../origin.js';
import { objectBehind } from '../value.js';
import type { Client } from './client.js';
import { embeddedDialects } from './clients.js';
import { type Making, clientMadeBy } from './find-client.js';
import { isKnex, knexClient } from './knex.js';

/** A client that a variable of its module holds, or the callback of a connection that is made when the module is loaded. */
export interface Kept {
  readonly node: Making;
  readonly name: string;
  /** The name of its row. */
  readonly library: string;
  /** How to end it. */
  readonly drain: string;
  /** It is ended in this file. */
  readonly isEnded: boolean;
}

/** Their own documentation says that nobody has to end them. */
const selfEnding = new Set(['prisma', 'bullmq', 'bull']);

/** What keeps a client for the life of the process, if anything does. */
export function keptFor(source: Source, node: Making): Kept | undefined {
  const made = clientMadeBy(source, node);
  const client = made?.client ?? (isKnex(source, node) ? knexClient : undefined);
  if (!client || made?.single || client.drain.length === 0 || selfEnding.has(client.name)) return undefined;
  if (isEmbedded(source, node)) return undefined;
  const variable = holderOf(source, node);
  if (!variable) return undefined;
  const methods = variable.references.map(({ identifier }) => methodOn(identifier));
  const isEnded = methods.some((each) => each !== undefined && client.drain.includes(each));
  return { node, name: variable.name, library: client.name, drain: drainOf(client), isEnded };
}

function drainOf({ drain: [first = 'end'] }: Client): string {
  return first;
}

function isEmbedded(source: Source, node: Making): boolean {
  return node.arguments.some((each) => {
    const object = each.type === 'SpreadElement' ? undefined : objectBehind(source, each);
    const dialect = object && textOf(findProperty(object, 'dialect', 'type', 'client')?.value);
    return dialect !== undefined && embeddedDialects.includes(dialect);
  });
}

function holderOf(source: Source, node: Making): TSESLint.Scope.Variable | undefined {
  const target = node.parent.type === 'AwaitExpression' ? node.parent.parent : node.parent;
  const name =
    target.type === 'VariableDeclarator' ? target.id : target.type === 'AssignmentExpression' ? target.left : undefined;
  if (name?.type === 'Identifier') {
    const variable = variableOf(source, name);
    const place = variable?.defs[0]?.node as Node | undefined;
    return place?.type === 'VariableDeclarator' && isAtModuleScope(place) ? variable : undefined;
  }
  const callback = node.arguments.at(-1);
  if (target.type !== 'ExpressionStatement' || !isAtModuleScope(node) || !callback || !isFunction(callback))
    return undefined;
  const connected = callback.params[1];
  return connected?.type === 'Identifier' ? variableIn(source, callback, connected.name) : undefined;
}

function variableIn(source: Source, callback: Node, name: string): TSESLint.Scope.Variable | undefined {
  return source.getDeclaredVariables?.(callback).find((each) => each.name === name);
}

/** True where something else in the package may be the same client: it is called alike, or as any connection may be. */
export function mayBe({ name, library }: Kept, other: string): boolean {
  const own = name.toLowerCase();
  return own.includes(other) || other.includes(own) || other.includes(library) || anyConnection.test(other);
}

const anyConnection = /(?:^|[^a-z])(?:db|conn)$|(?:database|pool|connections?)$/;

/** `end` for the `pool` of `pool.end()`, and `$client.end` for deeper ones. */
export function methodOn(identifier: Node): string | undefined {
  const names: string[] = [];
  let node: Node = identifier;
  while (node.parent?.type === 'MemberExpression' && node.parent.object === node) {
    node = node.parent;
    names.push(nameOf(node) ?? '');
  }
  return node.parent?.type === 'CallExpression' && node.parent.callee === node ? names.join('.') : undefined;
}

/** A pool that goes to another function may be drained there. */
export function isPassedOn(variable: TSESLint.Scope.Variable): boolean {
  return variable.references.some(({ identifier }) => {
    const { parent } = identifier;
    return (
      (parent.type === 'CallExpression' || parent.type === 'NewExpression') &&
      parent.arguments.some((each) => each === identifier)
    );
  });
}
