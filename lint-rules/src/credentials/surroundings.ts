import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, keyOf, nameOf, textOf, unwrap } from '../ast.js';
import { isProse, looksIssued } from './literals.js';
import { isAboutCredentials, isConnectionDetail, isIdentity, isPublicKeySibling, kindOf, wordsOf } from './names.js';

/** What stands around a property in its object. */
export interface Surroundings {
  /** An account or an address stands beside it. */
  readonly hasOwner: boolean;
  /** The object is a list of texts, types or names, or of what browsers may know. */
  readonly isCatalogue: boolean;
}

const none: Surroundings = { hasOwner: false, isCatalogue: false };

/** Looks at the object around a property. */
export function surroundingsOf(property: Node): Surroundings {
  const object = property.parent;
  if (object?.type !== 'ObjectExpression') return none;
  let hasOwner = false;
  let isPublic = false;
  let texts = 0;
  let prose = 0;
  let echoes = 0;
  let named = 0;
  const distinct = new Set<string>();
  const owners = new Set<string | undefined>();
  for (const each of object.properties) {
    const key = keyOf(each);
    if (each.type !== 'Property' || key === undefined) continue;
    isPublic ||= isPublicKeySibling(key);
    const text = textOf(each.value);
    if (text !== undefined) {
      texts++;
      distinct.add(text);
      if (isProse(text) || /^\p{Lu}\p{Ll}+$/u.test(text)) prose++;
      if (isEchoOf(text, key)) echoes++;
      if (isNamedAfter(text, key)) named++;
    }
    if (each === property || kindOf(key) !== undefined) continue;
    if (key === 'name') hasOwner ||= text !== undefined && /^[a-z][a-z0-9._@-]*$/.test(text);
    if (!isIdentity(key) && !isConnectionDetail(key)) continue;
    owners.add(text);
    hasOwner ||= isOwner(key, each.value);
  }
  const isEcho = echoes >= 3 || (echoes >= 2 && texts === echoes) || (echoes === 1 && texts === 1);
  return {
    hasOwner: hasOwner && !isEcho,
    // `{ host: 'public', user: 'public', database: 'public', password: 'secret' }` says of what sort each is.
    isCatalogue:
      (texts >= 4 &&
        distinct.size === 2 &&
        ![...distinct].some(looksIssued) &&
        !owners.has(textOf(valueOf(property)))) ||
      isPublic ||
      (texts >= 4 && prose * 2 > texts) ||
      echoes >= 3 ||
      (named >= 3 && named * 2 >= texts) ||
      isInCatalogue(object, !hasOwner),
  };
}

function valueOf(property: Node): Node | null {
  return property.type === 'Property' || property.type === 'PropertyDefinition' ? property.value : null;
}

/** `password: 'password'`, and `DB_PASSWORD: 'password'` in a map from variables to names. */
function isEchoOf(text: string, key: string): boolean {
  const [short, long] = [squeeze(text), squeeze(key)];
  return short === long || (short.length > 2 && key.includes('_') && long.endsWith(short));
}

/** `containerRegistry: 'app-container-registry'`: the name of a thing repeats what it is. */
function isNamedAfter(text: string, key: string): boolean {
  return key.length > 4 && text.length > key.length && squeeze(text).endsWith(squeeze(key));
}

/** `email: 'E-Mail'` is a label; `email: 'a@b.c'` is an owner. */
function isOwner(key: string, value: Node): boolean {
  const text = textOf(value);
  if (text === undefined) return unwrap(value).type !== 'ObjectExpression' || !isIdentity(key);
  if (squeeze(text) === squeeze(key) || text === '') return false;
  return /e?mail/i.test(key) ? text.includes('@') : !/\s/.test(text);
}

/** True when a collection around the object says that its entries are about credentials, or show what data looks like. */
function isInCatalogue(object: Node, orSamples: boolean): boolean {
  for (let node: Node | undefined = object; node; node = node.parent) {
    const name =
      node.type === 'VariableDeclarator' ? nameOf(node.id) : node.type === 'Property' ? keyOf(node) : undefined;
    // What a request carries; in a variable of that name stands what headers are called.
    if (name === 'headers' && node.type === 'Property') continue;
    // What an interface answers, as its description shows it.
    if (name !== undefined && /^(?:examples?|swagger\w*|openapi\w*|apiDocs?)$/i.test(name)) return true;
    if (name !== undefined && (isAboutCredentials(name) || (orSamples && isSample(name)))) return true;
    if (node.type === 'CallExpression' && node.parent.type === 'Decorator')
      return /^(?:Api[A-Z]|(?:Response)?Examples?$)/.test(nameOf(node.callee) ?? '');
    if (node.type === 'BlockStatement' || node.type === 'CallExpression' || node.type === 'ClassBody') return false;
  }
  return false;
}

/** True for an entry of what tokens, sessions or cookies are signed with: `const jwtConstants = { secret: … }`. */
export function isOfSigning(property: Node): boolean {
  const object = property.parent;
  if (property.type !== 'Property' || object?.type !== 'ObjectExpression' || isInCatalogue(object, true)) return false;
  const { parent } = object;
  if (parent.type === 'CallExpression') return isMethodOfTokens(parent.callee);
  const name =
    parent.type === 'VariableDeclarator' ? nameOf(parent.id) : parent.type === 'Property' ? keyOf(parent) : undefined;
  const text = textOf(property.value) ?? '';
  return wordsOf(name ?? '').some((each) => /^(?:jwt|session|cookie)s?$/.test(each)) && !/^\w+(?:[.:]\w+)+$/.test(text);
}

/** `this.jwtService.verifyAsync(token, { secret })` */
function isMethodOfTokens(callee: Node): boolean {
  return (
    callee.type === 'MemberExpression' &&
    /^(?:sign|verify)(?:Async)?$/.test(nameOf(callee) ?? '') &&
    /jwt/i.test(nameOf(callee.object) ?? '')
  );
}

function isSample(name: string): boolean {
  return wordsOf(name).some((each) => /^(?:sample|example|fixture|mock)s?$/.test(each));
}

/** The name of what a value is given to: a variable, a property, a member, a parameter. */
export function targetOf(value: Node): { readonly name: string; readonly node: Node } | undefined {
  let node = value;
  for (let parent = node.parent; parent; node = parent, parent = node.parent) {
    switch (parent.type) {
      case 'TSAsExpression':
      case 'TSNonNullExpression':
      case 'TSSatisfiesExpression':
      case 'ConditionalExpression':
      case 'LogicalExpression':
      case 'AwaitExpression':
      case 'ChainExpression':
        continue;
      case 'VariableDeclarator':
        return parent.init === node ? named(nameOf(parent.id), parent) : undefined;
      case 'Property':
      case 'PropertyDefinition':
        return parent.value === node ? named(keyOf(parent), parent) : undefined;
      case 'AssignmentExpression':
        return parent.right === node ? named(nameOf(parent.left), parent) : undefined;
      case 'AssignmentPattern':
        return parent.right === node ? named(nameOfDefault(parent), parent) : undefined;
      default:
        return undefined;
    }
  }
  return undefined;
}

function named(name: string | undefined, node: Node): { readonly name: string; readonly node: Node } | undefined {
  return name === undefined ? undefined : { name, node };
}

/** `{ DB_PASSWORD: password = 'x' }` reads `DB_PASSWORD`. */
function nameOfDefault(pattern: TSESTree.AssignmentPattern): string | undefined {
  const own = nameOf(pattern.left);
  const property = pattern.parent;
  const key = property.type === 'Property' ? keyOf(property) : undefined;
  return key !== undefined && kindOf(key) !== undefined ? key : own;
}

const telling = new Set([
  'placeholder',
  'description',
  'example',
  'examples',
  'help',
  'hint',
  'label',
  'message',
  'title',
  'tooltip',
  'error',
  'docs',
  'doc',
  'summary',
  'helptext',
  'text',
  'content',
  'pattern',
  'regex',
  'subtitle',
  'info',
]);

/** True for a text that shows people a form: a placeholder, a description, an error. */
export function isTelling(node: Node): boolean {
  const target = targetOf(node);
  if (target) {
    const words = wordsOf(target.name);
    return telling.has(words.at(-1) ?? '') || /^(?:example|placeholder)s?$/.test(words[0] ?? '');
  }
  const parent = node.parent;
  if (parent?.type === 'JSXAttribute' || parent?.type === 'JSXExpressionContainer' || parent?.type === 'JSXElement')
    return true;
  if (parent?.type === 'ThrowStatement') return true;
  if (parent?.type !== 'CallExpression' && parent?.type !== 'NewExpression') return false;
  const callee = nameOf(parent.callee) ?? '';
  return (
    /^(?:log|info|warn|error|debug|write|describe|example|startsWith|endsWith|includes|indexOf|replace|replaceAll|match|test|split)$/.test(
      callee,
    ) || /Error$/.test(callee)
  );
}

function squeeze(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}
