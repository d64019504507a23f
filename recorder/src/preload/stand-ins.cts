/* eslint-disable @typescript-eslint/no-require-imports -- loaded only when a program needs it, and from the program's own folder */
/**
 * What a program imports and does not have: a package that is not installed, a file that a build would make, a member that the installed
 * version of an SDK lacks. Each is named in the report. A class of an SDK still registers a resource, so that its line is not lost.
 */
import Module from 'node:module';
import path from 'node:path';
import { settings } from './settings.cjs';
import { frames, isProgramFile } from './frames.cjs';
import { deepUnknown, originUrn, outputMembers, type Sdk } from './unknown.cjs';
import { sayStandIn } from './environment.cjs';

/** Packages of Pulumi that are no SDK of a provider. */
const core = /^@pulumi\/(?:pulumi|policy)(?:\/|$)/;

/** The short name in type tokens: `aws` of `@pulumi/aws`; nothing for what is no SDK of a provider. */
export function providerOf(request: string): string | undefined {
  if (core.test(request)) return undefined;
  return (
    /^@(?:pulumi|pulumiverse)\/(?<name>[\w-]+)/.exec(request)?.groups?.['name'] ??
    /^@[\w-]+\/pulumi-(?<name>[\w-]+)/.exec(request)?.groups?.['name']
  );
}

interface Pulumi {
  readonly CustomResource: Constructor;
  readonly ProviderResource: Constructor;
}
type Constructor = new (...args: unknown[]) => object;

function pulumi(): { readonly library: Pulumi; readonly sdk: Sdk } {
  const load = Module.createRequire(path.join(settings.directory, 'index.js'));
  let root: string;
  try {
    root = path.dirname(load.resolve('@pulumi/pulumi/package.json'));
  } catch {
    root = path.dirname(require.resolve('@pulumi/pulumi/package.json', { paths: [settings.fallbackRoot] }));
  }
  const library = require(root) as Pulumi;
  const output = require(path.join(root, 'output.js')) as Pick<Sdk, 'Output' | 'unknown'>;
  const resource = require(path.join(root, 'resource.js')) as Pick<Sdk, 'DependencyResource'>;
  return {
    library,
    sdk: { Output: output.Output, unknown: output.unknown, DependencyResource: resource.DependencyResource },
  };
}

const standIns = new WeakMap<object, () => object>();

type Kind = 'module' | 'member';

/** A value that a stand-in stands for, as Pulumi can send it; anything else as it is. */
export function settled(value: unknown): unknown {
  if (typeof value === 'function' && standIns.has(value)) return standIns.get(value)?.();
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  if ('__pulumiOutput' in value || Reflect.get(value, '__pulumiOutput') === true) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settled(item)]));
}

/** Unknown through and through, and named in the report. */
function unknownOf(kind: Kind, name: string): object {
  return deepUnknown(pulumi().sdk, originUrn(kind, name), sayStandIn(kind, name));
}

/** The class that an SDK would have: `aws:s3/bucket:Bucket` for `s3.Bucket` of `@pulumi/aws`. */
function resourceClass(kind: Kind, provider: string, steps: readonly string[]): Constructor {
  const name = steps.at(-1) ?? '';
  const module = steps.slice(0, -1).join('.');
  const type = `${provider}:${module || 'index'}/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
  const { library } = pulumi();
  const base = name === 'Provider' ? library.ProviderResource : library.CustomResource;
  return class StandIn extends base {
    constructor(resourceName: unknown, args: unknown, options: unknown) {
      super(name === 'Provider' ? provider : type, resourceName, { ...(settled(args) as object | undefined) }, options);
      return withMissing(this, (property) => standIn(kind, `${type}.${property}`));
    }
  };
}

/** Answers for properties that nobody defined. */
function withMissing<Target extends object>(target: Target, answer: (name: string) => unknown): Target {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      if (value !== undefined || typeof name !== 'string' || name in object || !/^[a-z]\w*$/.test(name)) return value;
      return name === 'then' || name === 'toJSON' ? undefined : answer(name);
    },
  });
}

/** Whatever is asked of it: a namespace, a class, a function, a value. */
function standIn(kind: Kind, origin: string, steps: readonly string[] = []): object {
  const provider = providerOf(origin);
  const name = [origin, ...steps].join('.');
  const isClass = /^[A-Z]/.test(steps.at(-1) ?? '');
  const children = new Map<string, unknown>();
  const unknown = (): object => unknownOf(kind, name);
  let made: Constructor | undefined;
  const classOf = (): Constructor => (made ??= resourceClass(kind, provider ?? '', steps));
  const child = (key: string): unknown => {
    // A class has values of enumerations, and methods.
    if (isClass && /^[A-Z]/.test(key)) return unknown();
    return standIn(kind, origin, [...steps, key]);
  };
  // A function and no class: the prototype of a class cannot be another's.
  const target = function standsIn(): undefined {
    return undefined;
  };
  const proxy: Constructor = new Proxy(target as unknown as Constructor, {
    get(_target, key) {
      if (key === 'prototype')
        return provider !== undefined && isClass ? classOf().prototype : (target.prototype as unknown);
      if (key === Symbol.toPrimitive || key === 'toString') return () => sayStandIn(kind, name);
      if (key === Symbol.iterator) return () => [unknown()][Symbol.iterator]();
      if (typeof key === 'symbol' || key === 'then' || key === 'toJSON' || key === '__esModule') return undefined;
      if (outputMembers.has(key)) return Reflect.get(unknown(), key) as unknown;
      if (key.startsWith('__')) return undefined;
      if (!children.has(key)) children.set(key, child(key));
      return children.get(key);
    },
    construct(_target, args, newTarget: unknown): object {
      sayStandIn(kind, name);
      if (provider === undefined || !isClass) return unknown();
      return Reflect.construct(classOf(), args, newTarget === proxy ? classOf() : (newTarget as Constructor)) as object;
    },
    apply() {
      sayStandIn(kind, name);
      const called = steps.at(-1) ?? '';
      if (provider !== undefined && /^get[A-Z]/.test(called) && !called.endsWith('Output'))
        return Promise.resolve(unknown());
      return unknown();
    },
  });
  standIns.set(proxy, unknown);
  return proxy;
}

/** A module that is not there. */
export function moduleStandIn(request: string): object {
  sayStandIn('module', request);
  return standIn('module', request);
}

const wrapped = new WeakMap<object, object>();

/** The exports of an SDK, with stand-ins for what this version lacks. */
export function withMissingMembers(exports: unknown, request: string, steps: readonly string[] = []): unknown {
  if (typeof exports !== 'object' || exports === null) return exports;
  const before = wrapped.get(exports);
  if (before !== undefined) return before;
  const proxy: object = new Proxy(exports, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof name !== 'string') return value;
      if (
        value === undefined &&
        !(name in target) &&
        /^[A-Za-z][A-Za-z\d]*$/.test(name) &&
        name !== 'then' &&
        name !== 'default'
      )
        return standIn('member', request, [...steps, name]);
      const fixed = Reflect.getOwnPropertyDescriptor(target, name);
      if (fixed?.configurable === false && fixed.writable === false) return value;
      return isNamespace(value) ? withMissingMembers(value, request, [...steps, name]) : value;
    },
  });
  wrapped.set(exports, proxy);
  return proxy;
}

function isNamespace(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Resources whose class this version of the SDK has, with fewer members than the program uses. */
export function watchMissingProperties(exports: Record<string, unknown>): void {
  for (const name of ['CustomResource', 'ComponentResource']) {
    const original = exports[name];
    if (typeof original !== 'function') continue;
    exports[name] = new Proxy(original as Constructor, {
      construct(target, args, newTarget: unknown) {
        const made = Reflect.construct(target, args, newTarget as Constructor) as object;
        return withMissing(made, (property) =>
          isProgramFile(frames(3).at(0)?.file ?? '') ? standIn('member', property) : undefined,
        );
      },
    });
  }
}
