import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { type Callable, type Node, findProperty, functionAround, isFunction, nameOf, unwrap, walk } from '../ast.js';
import { textWithoutComments } from '../comments.js';
import { createRule } from '../create-rule.js';
import { mentionsSecretReader, secretReadIn } from '../credentials/secret-reads.js';
import { kindOf } from '../credentials/names.js';
import { mentionsCredential } from '../credentials/mentions.js';
import { isInfrastructure, isTestFile } from '../file-kind.js';
import { exportBehind } from '../imports.js';
import { type Source, originOf, variableOf } from '../origin.js';
import { type OriginSpecifier, originSchema, specifierOf } from '../origins.js';
import { objectBehind, traced } from '../value.js';

interface Option {
  readonly checkTests: boolean;
  readonly maxAgeSeconds: number;
  readonly secretReaders: readonly OriginSpecifier[];
}
type Ids = 'kept' | 'memoized' | 'unbounded' | 'tooLong';

/** Anything that ends the life of what is kept: a clock, a timer, a limit, or a call that throws it away. */
const bounds =
  /\bDate\.now\b|\bnew Date\b|performance\.now|hrtime|set(?:Interval|Timeout)\s*\(|(?:^|[^a-z])ttl|expir|maxAge|max_age|stale|invalidat|refresh(?![-_]?token)|\.(?:clear|delete|del|evict|reset|flush\w*)\s*\(/i;

const memoizers = new Map<string, readonly string[]>([
  ['lodash', ['memoize', 'once']],
  ['lodash-es', ['memoize', 'once']],
  ['lodash/memoize', ['']],
  ['lodash/once', ['']],
  ['ramda', ['once', 'memoizeWith']],
  ['mem', ['']],
  ['memoize', ['']],
  ['memoizee', ['']],
  ['p-memoize', ['']],
  ['memoize-one', ['']],
  ['moize', ['']],
  ['onetime', ['']],
  ['react', ['cache']],
]);
const caches = new Map<string, { readonly makers: readonly string[]; readonly keys: readonly string[] }>([
  ['lru-cache', { makers: ['', 'LRUCache'], keys: ['ttl', 'maxAge'] }],
  ['quick-lru', { makers: [''], keys: ['maxAge'] }],
  ['node-cache', { makers: [''], keys: ['stdTTL'] }],
  ['keyv', { makers: ['', 'Keyv'], keys: ['ttl'] }],
  ['@isaacs/ttlcache', { makers: ['', 'TTLCache'], keys: ['ttl'] }],
]);

const readers = /(?:Secret|Credential|Password)\w*\s*\(/;
const readerNames = /\b(?:get|fetch|read|load|retrieve|resolve)\w*(?:Secret|Credential|Password)\w*\s*\(/;

export default createRule<[Option], Ids>({
  facts: {
    id: 'no-secret-cache-without-ttl',
    summary: 'Disallow secrets that are cached without a limit in time',
    severity: 'high',
    breaks: 'The process goes on with the credential that it read first, until somebody restarts it.',
    fix: 'Give the cache a limit well below the overlap of a rotation, and read again after an authentication error.',
  },
  messages: {
    kept: '`{{name}}` keeps the secret that was read first for the life of the process, so a rotation is never noticed. Keep it for a limited time, and read again after an authentication error.',
    memoized:
      '`{{name}}` remembers the secret for the life of the process, so a rotation is never noticed. Give it a limit in time, and read again after an authentication error.',
    unbounded: '`{{name}}` holds secrets without a limit in time, so a rotation is never noticed. Pass `{{key}}`.',
    tooLong:
      '`maxAge` keeps this secret for {{seconds}} seconds, and the limit is {{limit}}: the credential may be retired before it is read again. Lower it.',
  },
  schema: [
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        checkTests: { type: 'boolean', description: 'Also look into test files.' },
        secretReaders: {
          type: 'array',
          description: 'Functions of your own that read a secret.',
          items: originSchema(),
        },
        maxAgeSeconds: {
          type: 'integer',
          minimum: 1,
          description: 'The longest time a cached secret may be kept, in seconds.',
        },
      },
    },
  ],
  defaultOptions: [{ checkTests: false, maxAgeSeconds: 3600, secretReaders: [] }],
  create(context, [option], source) {
    const mayReadElsewhere = mentionsCredential(source) && readers.test(source.text) && readerNames.test(source.text);
    if (!mentionsSecretReader(source) && option.secretReaders.length === 0 && !mayReadElsewhere) return {};
    if (isInfrastructure(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const isBounded = bounds.test(textWithoutComments(source));

    /** True when the expression reads a secret, itself or through a function of this file. */
    function readsSecret(node: Node, depth = 0): boolean {
      if (secretReadIn(source, node)) return true;
      if (depth > 2) return false;
      let found = false;
      walk(node, (each) => {
        if (found) return false;
        if (each.type === 'CallExpression')
          found = specifierOf(context, each.callee, option.secretReaders) !== undefined;
        if (!found && each.type === 'CallExpression' && each.callee.type === 'Identifier') {
          const callee = traced(source, each.callee);
          found = isFunction(callee) && !isInside(each, callee) && readsSecret(callee, depth + 1);
          found ||= mayReadElsewhere && depth === 0 && readsElsewhere(each.callee);
        }
        return !found;
      });
      return found;
    }

    /** A function of another file of the project, whose name says that it reads a secret, and which does. */
    function readsElsewhere(callee: TSESTree.Identifier): boolean {
      const found = readerNames.test(`${callee.name}(`) ? exportBehind(context, callee) : undefined;
      return (
        found !== undefined &&
        mentionsSecretReader(found.source) &&
        readsIn(found.source, traced(found.source, found.node))
      );
    }

    function assigned(node: TSESTree.AssignmentExpression): void {
      if (isBounded) return;
      const target = unwrap(node.left);
      if (!isLazy(node) && !isReadAtStart(node)) return;
      const around = functionAround(node);
      if (!around) return;
      if (target.type === 'Identifier') {
        const variable = variableOf(source, target);
        if (!variable || !outlives(variable, around) || isThrownAway(variable, node)) return;
      } else if (target.type !== 'MemberExpression' || !isKeptMember(target)) return;
      if (!readsSecret(node.right) && !isFilledFromRead(node.right)) return;
      context.report({ node, messageId: 'kept', data: { name: lastNameOf(target) ?? 'cache' } });
    }

    /** `secret = await read()` in a function, for a variable of the module that nothing else writes. */
    function isReadAtStart({ operator, left }: TSESTree.AssignmentExpression): boolean {
      if (operator !== '=' || left.type !== 'Identifier' || kindOf(left.name) === undefined) return false;
      const variable = variableOf(source, left);
      const uses = variable?.references.filter((each) => each.isRead()) ?? [];
      return uses.some(({ identifier }) => functionAround(identifier));
    }

    /** `const response = await client.send(…); cached = response.SecretString;` */
    function isFilledFromRead(node: Node): boolean {
      let found = false;
      walk(node, (each) => {
        if (found || each.type !== 'Identifier') return !found;
        const value = traced(source, each);
        found = value !== each && !isFunction(value) && readsSecret(value);
        if (!found) {
          const definition = variableOf(source, each)?.defs[0]?.node;
          found = definition?.type === 'VariableDeclarator' && definition.init !== null && readsSecret(definition.init);
        }
        return !found;
      });
      return found;
    }

    function called(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      const origin = originOf(source, node.callee);
      if (!origin) return mapped(node);
      const member = origin.members.join('.');
      if (memoizers.get(origin.module)?.includes(member)) memoized(node);
      const cache = caches.get(origin.module);
      if (cache?.makers.includes(member)) cached(node, cache.keys);
      if (origin.module.startsWith('@aws-lambda-powertools/parameters')) aged(node);
      mapped(node);
    }

    function memoized(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      const [given, options] = node.arguments;
      const wrapped = given && traced(source, given);
      if (!wrapped || !isFunction(wrapped) || !readsSecret(wrapped)) return;
      const object = options && options.type !== 'SpreadElement' ? objectBehind(source, options) : undefined;
      if (object && findProperty(object, 'maxAge', 'ttl', 'cache', 'store')) return;
      if (isBounded) return;
      context.report({ node, messageId: 'memoized', data: { name: nameOf(node.callee) ?? 'memoize' } });
    }

    function cached(node: TSESTree.CallExpression | TSESTree.NewExpression, keys: readonly string[]): void {
      if (isBounded || node.parent.type !== 'VariableDeclarator' || node.parent.id.type !== 'Identifier') return;
      const [given] = node.arguments;
      if (given) {
        const object = given.type === 'SpreadElement' ? undefined : objectBehind(source, given);
        if (!object || findProperty(object, ...keys)) return;
      }
      const variable = variableOf(source, node.parent.id);
      const holds = variable?.references.some(({ identifier }) => {
        const call = setOn(identifier);
        return (
          call !== undefined &&
          call.arguments.length < 3 &&
          call.arguments.some((each) => readsSecret(each) || isFilledFromRead(each))
        );
      });
      if (holds)
        context.report({
          node,
          messageId: 'unbounded',
          data: { name: variable?.name ?? 'cache', key: keys[0] ?? 'ttl' },
        });
    }

    /** `secrets.set(name, await read(name))` on a Map of the module. */
    function mapped(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      if (isBounded || node.type !== 'CallExpression' || nameOf(node.callee) !== 'set') return;
      if (node.callee.type !== 'MemberExpression' || node.callee.object.type !== 'Identifier') return;
      const variable = variableOf(source, node.callee.object);
      const around = functionAround(node);
      const made = variable && traced(source, node.callee.object);
      if (!variable || !around || made?.type !== 'NewExpression' || nameOf(made.callee) !== 'Map') return;
      const value = node.arguments[1];
      if (!value || !outlives(variable, around) || !(readsSecret(value) || isFilledFromRead(value))) return;
      context.report({ node, messageId: 'kept', data: { name: variable.name } });
    }

    function aged(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      const options = node.arguments[1];
      const object = options && options.type !== 'SpreadElement' ? objectBehind(source, options) : undefined;
      const age = object && findProperty(object, 'maxAge');
      const seconds = age && secondsOf(traced(source, age.value));
      if (age && seconds !== undefined && seconds > option.maxAgeSeconds) {
        const data = { seconds: String(seconds), limit: String(option.maxAgeSeconds) };
        context.report({ node: age, messageId: 'tooLong', data });
      }
    }

    return { AssignmentExpression: assigned, CallExpression: called, NewExpression: called };
  },
});

/** True for a function that reads a secret, itself or through a function of its file. */
function readsIn(source: Source, root: Node, depth = 0): boolean {
  if (secretReadIn(source, root)) return true;
  let found = false;
  walk(root, (each) => {
    if (found || depth > 2) return false;
    if (each.type !== 'CallExpression' || each.callee.type !== 'Identifier') return true;
    const callee = traced(source, each.callee);
    found = isFunction(callee) && !isInside(each, callee) && readsIn(source, callee, depth + 1);
    return !found;
  });
  return found;
}

/** Written once and asked for afterwards: `??=`, `||=`, or behind a look at the variable itself. */
function isLazy(node: TSESTree.AssignmentExpression): boolean {
  if (node.operator === '??=' || node.operator === '||=') return true;
  if (node.operator !== '=') return false;
  const name = lastNameOf(node.left);
  if (name === undefined) return false;
  const right = unwrap(node.right);
  if (right.type === 'LogicalExpression' && right.operator !== '&&' && lastNameOf(right.left) === name) return true;
  const around = functionAround(node);
  let guarded = false;
  if (around?.body) {
    walk(around.body, (each) => {
      const test = each.type === 'IfStatement' || each.type === 'ConditionalExpression' ? each.test : undefined;
      if (test && looksAt(test, name)) {
        const isBranch = each.range[0] <= node.range[0] && node.range[1] <= each.range[1];
        guarded ||= isBranch || (each.type === 'IfStatement' && returnsName(each.consequent, name));
      }
      return !guarded;
    });
  }
  return guarded;
}

function looksAt(test: Node, name: string): boolean {
  const bare = unwrap(test);
  if (bare.type === 'UnaryExpression') return looksAt(bare.argument, name);
  if (bare.type === 'LogicalExpression') return looksAt(bare.left, name) || looksAt(bare.right, name);
  if (bare.type === 'BinaryExpression') return looksAt(bare.left, name);
  return lastNameOf(bare) === name;
}

function returnsName(consequent: Node, name: string): boolean {
  let found = false;
  walk(consequent, (each) => {
    if (each.type === 'ReturnStatement' && each.argument) {
      walk(each.argument, (inner) => {
        found ||= lastNameOf(inner) === name;
        return !found;
      });
    }
    return !found;
  });
  return found;
}

/** The name of a variable, or `#cached` of `this.#cached`; the object of `cache[key]`. */
function lastNameOf(node: Node): string | undefined {
  const bare = unwrap(node);
  if (bare.type === 'Identifier') return bare.name;
  if (bare.type !== 'MemberExpression') return undefined;
  return bare.computed && nameOf(bare) === undefined ? lastNameOf(bare.object) : nameOf(bare);
}

function outlives(variable: TSESLint.Scope.Variable, around: Callable): boolean {
  const definition = variable.defs[0];
  if (definition?.node.type !== 'VariableDeclarator') return false;
  return !isInside(definition.node, around);
}

/** `this.secret`, `cache.secret` and `cache[name]`: what lives as long as its owner. */
function isKeptMember(node: TSESTree.MemberExpression): boolean {
  const owner = unwrap(node.object);
  return owner.type === 'ThisExpression' || owner.type === 'Identifier';
}

/** Another place writes the variable too, so it can be thrown away. */
function isThrownAway(variable: TSESLint.Scope.Variable, node: TSESTree.AssignmentExpression): boolean {
  return variable.references.some((each) => each.isWrite() && !each.init && !isInside(each.identifier, node));
}

function setOn(identifier: Node): TSESTree.CallExpression | undefined {
  const member = identifier.parent;
  if (member?.type !== 'MemberExpression' || member.object !== identifier || nameOf(member) !== 'set') return undefined;
  return member.parent.type === 'CallExpression' && member.parent.callee === member ? member.parent : undefined;
}

function secondsOf(node: Node): number | undefined {
  if (node.type === 'Literal' && typeof node.value === 'number') return node.value;
  if (node.type === 'Identifier' && node.name === 'Infinity') return Infinity;
  if (node.type === 'BinaryExpression' && node.operator === '*') {
    const [left, right] = [secondsOf(node.left), secondsOf(node.right)];
    return left === undefined || right === undefined ? undefined : left * right;
  }
  return undefined;
}

function isInside(inner: Node, outer: Node): boolean {
  return outer.range[0] <= inner.range[0] && inner.range[1] <= outer.range[1];
}
