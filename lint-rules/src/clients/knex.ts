import type { TSESTree } from '@typescript-eslint/utils';
import { type Callable, findProperty, isFunction, returnsOf } from '../ast.js';
import { type Source, originOf } from '../origin.js';
import { objectBehind, traced } from '../value.js';

export type KnexConnection = 'checked' | 'unchecked' | 'unknown';

/** Knex calls a connection function once, unless the object it returns has an `expirationChecker`. */
export function checkerOf(source: Source, provider: Callable): KnexConnection {
  const returns = returnsOf(provider);
  if (returns.length === 0) return 'unknown';
  let unknown = false;
  for (const each of returns) {
    const object = objectBehind(source, each);
    if (!object) {
      unknown ||= !comesFromPackage(source, each);
      continue;
    }
    if (findProperty(object, 'expirationChecker')) return 'checked';
    if (object.properties.some((property) => property.type === 'SpreadElement')) unknown = true;
  }
  return unknown ? 'unknown' : 'unchecked';
}

/** The function behind `connection`, when it is one. */
export function providerOf(source: Source, node: TSESTree.Node): Callable | undefined {
  const value = traced(source, node);
  return isFunction(value) ? value : undefined;
}

/** What an SDK hands back, or what is parsed, holds no function; another module of the project might add one. */
function comesFromPackage(source: Source, node: TSESTree.Node): boolean {
  const origin = originOf(source, node);
  return origin !== undefined && !/^(?:[./#~]|@\/)/.test(origin.module);
}
