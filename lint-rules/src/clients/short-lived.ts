import { type Node, functionAround, nameOf, unwrap, walk } from '../ast.js';
import { type Source, variableOf } from '../origin.js';
import type { Making } from './find-client.js';

const endings = new Set([
  'end',
  'close',
  'destroy',
  'release',
  'quit',
  'disconnect',
  '$disconnect',
  'shutdown',
  'drain',
]);

/** True for a client that the function which makes it ends again: it is opened per use, with the credential of that moment. */
export function isShortLived(source: Source, node: Making): boolean {
  if (isForOneQuery(node)) return true;
  const around = functionAround(node);
  const name = around && heldBy(node);
  const variable = name?.type === 'Identifier' ? variableOf(source, name) : undefined;
  if (!variable || functionAround(variable.defs[0]?.node ?? node) !== around) return false;
  // What ends it then is for the case that it cannot connect.
  if (isKept(source, node)) return false;
  return variable.references.some(({ identifier }) => isEnded(identifier) && runsIn(identifier) === around);
}

/** True for a client that outlives the function which makes it: as a member of `this`, or in a variable outside of the function. */
export function isKept(source: Source, node: Making): boolean {
  const around = functionAround(node);
  const name = heldBy(node);
  if (!around || !name) return false;
  if (isOutside(source, name, around)) return true;
  const variable = name.type === 'Identifier' ? variableOf(source, name) : undefined;
  return (variable?.references ?? []).some(({ identifier: { parent }, identifier }) => {
    const isGiven = parent.type === 'AssignmentExpression' && parent.right === identifier;
    return isGiven && isOutside(source, parent.left, around);
  });
}

function isOutside(source: Source, target: Node, around: Node): boolean {
  if (target.type === 'MemberExpression') return target.object.type === 'ThisExpression';
  const variable = target.type === 'Identifier' ? variableOf(source, target) : undefined;
  const place = variable?.defs[0]?.node as Node | undefined;
  return place?.type === 'VariableDeclarator' && functionAround(place) !== around;
}

/** `await knex(config).raw('select 1');` and `await createClient(url).flushAll();`: nothing holds the client, so nobody can ask it again. */
function isForOneQuery(node: Making): boolean {
  const member = node.parent;
  if (member.type !== 'MemberExpression' || member.object !== node || member.parent.type !== 'CallExpression')
    return false;
  const method = nameOf(member) ?? '';
  const call = member.parent;
  const isDropped = call.parent.type === 'AwaitExpression' && call.parent.parent.type === 'ExpressionStatement';
  return (
    /^(?:raw|query|execute|select|ping)$/.test(method) ||
    (isDropped && !/^(?:\$?connect|on|once|init\w*)$/.test(method))
  );
}

/** True for a connection that stays in the function which makes it, with a password that the same function awaits. */
export function isMadeWithWhatWasJustRead(source: Source, node: Making, password: Node): boolean {
  const around = functionAround(node);
  const name = around && heldBy(node);
  const variable = name?.type === 'Identifier' ? variableOf(source, name) : undefined;
  if (!variable || functionAround(variable.defs[0]?.node ?? node) !== around) return false;
  if (variable.references.some(({ identifier }) => identifier.parent.type === 'ReturnStatement')) return false;
  let isAwaited = false;
  walk(password, (each) => {
    const read = each.type === 'Identifier' ? variableOf(source, each)?.defs[0]?.node : undefined;
    isAwaited ||=
      read?.type === 'VariableDeclarator' && read.init?.type === 'AwaitExpression' && functionAround(read) === around;
    return !isAwaited;
  });
  return isAwaited;
}

/** The variable that the client, or what is made with it, is given to. */
function heldBy(node: Node): Node | undefined {
  let child: Node = node;
  for (let parent = node.parent; parent; child = parent, parent = parent.parent) {
    if (parent.type === 'VariableDeclarator') return parent.init === child ? parent.id : undefined;
    if (parent.type === 'AssignmentExpression') return unwrap(parent.left);
    const isWrapped =
      parent.type === 'AwaitExpression' ||
      parent.type === 'NewExpression' ||
      parent.type === 'ObjectExpression' ||
      parent.type === 'Property' ||
      parent.type === 'ConditionalExpression' ||
      parent.type === 'TSAsExpression';
    if (!isWrapped) return undefined;
  }
  return undefined;
}

/** The function that waits for the node: a callback of `finally` belongs to the function around it. */
function runsIn(node: Node): Node | undefined {
  const around = functionAround(node);
  const call = around?.parent;
  if (around && call?.type === 'CallExpression' && /^(?:then|catch|finally)$/.test(nameOf(call.callee) ?? ''))
    return runsIn(call);
  return around;
}

/** `pool.end()`, and `db.$client.end()`. */
function isEnded(identifier: Node): boolean {
  let node: Node = identifier;
  while (node.parent?.type === 'MemberExpression' && node.parent.object === node) node = node.parent;
  return node.parent?.type === 'CallExpression' && node.parent.callee === node && endings.has(nameOf(node) ?? '');
}
