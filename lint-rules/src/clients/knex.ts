import type { TSESTree } from '@typescript-eslint/utils';
import { type Callable, findProperty, isFunction, returnsOf, textOf } from '../ast.js';
import { type Source, originOf } from '../origin.js';
import { typedBinding } from '../types.js';
import { environmentName, objectBehind, traced } from '../value.js';
import type { Client } from './client.js';
import type { Making } from './find-client.js';

/** What stands inside `connection`, and around it. Its password function works on PostgreSQL alone. */
export const knexClient: Client = {
  name: 'knex',
  modules: ['knex'],
  makers: ['', 'knex', 'Knex'],
  userKeys: ['user', 'username'],
  passwordKeys: ['password'],
  urlKeys: ['connectionString', 'uri'],
  takesUrl: true,
  passwordFunction: 'not-with-url',
  hooks: [],
  remedy: 'Pass `connection` as a function that returns an `expirationChecker`.',
  lifetime: { keys: ['pool.maxConnectionLifetimeMillis'], halfAnHour: 1_800_000, boundByDefault: false },
  drain: ['destroy'],
};

/** True for a call that makes a Knex instance. */
export function isKnex(source: Source, node: Making): boolean {
  const origin = originOf(source, node.callee);
  return origin?.module === 'knex' && knexClient.makers.includes(origin.members.join('.'));
}

/** What is known of the checker. */
export type KnexConnection = 'checked' | 'unchecked' | 'always' | 'unknown';

/** Knex, and MikroORM 6 over it, call a function once, unless the object it returns has an `expirationChecker`. */
export function checkerOf(source: Source, provider: Callable): KnexConnection {
  const returns = returnsOf(provider);
  if (returns.length === 0) return 'unknown';
  let unknown = false;
  for (const each of returns) {
    const object = objectBehind(source, each);
    if (!object) {
      unknown ||= !isText(source, each) && !comesFromPackage(source, each);
      continue;
    }
    const checker = findProperty(object, 'expirationChecker');
    if (checker) return isAlwaysTrue(traced(source, checker.value)) ? 'always' : 'checked';
    if (object.properties.some((property) => property.type === 'SpreadElement')) unknown = true;
  }
  return unknown ? 'unknown' : 'unchecked';
}

/** The function behind `connection`, when it is one. */
export function providerOf(source: Source, node: TSESTree.Node): Callable | undefined {
  const value = traced(source, node);
  return isFunction(value) ? value : undefined;
}

/** A text holds no checker. */
function isText(source: Source, node: TSESTree.Node): boolean {
  const value = traced(source, node);
  if (value.type === 'LogicalExpression') return isText(source, value.left) && isText(source, value.right);
  return (
    ['TemplateLiteral', 'BinaryExpression'].includes(value.type) ||
    textOf(value) !== undefined ||
    environmentName(value) !== undefined ||
    typedBinding(source, value) === 'captured'
  );
}

/** What an SDK hands back, or what is parsed, holds no function; another module of the project might add one. */
function comesFromPackage(source: Source, node: TSESTree.Node): boolean {
  const origin = originOf(source, node);
  return origin !== undefined && !/^(?:[./#~]|@\/)/.test(origin.module);
}

/** `() => true` */
function isAlwaysTrue(node: TSESTree.Node): boolean {
  const returns = isFunction(node) ? returnsOf(node) : [];
  return returns.length > 0 && returns.every((each) => each.type === 'Literal' && each.value === true);
}
