import type { SentinelKind } from './messages.cjs';

/**
 * A value that the deployment would fetch. It behaves as an unknown Output where Pulumi looks at it, as a text that names where it
 * comes from where the program prints it, and as a list of one where the program loops over it.
 */
export interface Sdk {
  readonly Output: new (
    resources: Set<unknown>,
    promise: Promise<unknown>,
    isKnown: Promise<boolean>,
    isSecret: Promise<boolean>,
    allResources: Promise<Set<unknown>>,
  ) => object;
  readonly unknown: unknown;
  readonly DependencyResource: new (urn: string) => object;
}

/** The URN that stands for an origin which is no resource; the recorder turns it into a provenance. */
export function originUrn(kind: SentinelKind | 'secret-config', what: string): string {
  return `urn:keyturn:${kind}::${what}`;
}

/** An Output that is not known, and depends on an origin. */
export function unknownOutput(sdk: Sdk, urn: string, secret = false): object {
  const origin = new Set([new sdk.DependencyResource(urn)]);
  return new sdk.Output(
    origin,
    Promise.resolve(sdk.unknown),
    Promise.resolve(false),
    Promise.resolve(secret),
    Promise.resolve(origin),
  );
}

const methods = new Set<string>(
  [String.prototype, Array.prototype, Number.prototype].flatMap((prototype) =>
    Object.getOwnPropertyNames(prototype).filter((name) => name !== 'length' && name !== 'constructor'),
  ),
);
/** What Pulumi looks for in an Output. */
export const outputMembers: ReadonlySet<string> = new Set([
  'promise',
  'isKnown',
  'isSecret',
  'resources',
  'allResources',
  'apply',
  '__pulumiOutput',
]);
const loops = new Set(['map', 'flatMap', 'forEach', 'filter', 'find', 'some', 'every', 'findIndex', 'findLast']);

/** A short list that has an item at any index: nobody knows how many parts an unknown text has. */
function endless(item: object): unknown {
  return new Proxy([item, item, item, item], {
    get: (target, name) =>
      typeof name === 'string' && /^\d+$/.test(name) ? item : (Reflect.get(target, name) as unknown),
  });
}

/** Unknown through and through: every field, item and method result is unknown again. */
export function deepUnknown(sdk: Sdk, urn: string, sentinel: string): object {
  const output = unknownOutput(sdk, urn);
  const call = (name: string, callback: unknown): unknown => {
    const item = deepUnknown(sdk, urn, sentinel);
    if (name === 'toString' || name === 'valueOf' || name === 'toLocaleString') return sentinel;
    if (name === 'join') return sentinel;
    if (loops.has(name) && typeof callback === 'function') {
      const result: unknown = Reflect.apply(callback, undefined, [item, 0, [item]]);
      if (name === 'map') return [result];
      if (name === 'flatMap') return [result].flat();
      if (name === 'forEach') return undefined;
      if (name === 'some' || name === 'every') return true;
      if (name === 'findIndex') return 0;
      return name === 'filter' ? [item] : item;
    }
    if (name === 'split' || name === 'entries' || name === 'keys' || name === 'values') return endless(item);
    if (['includes', 'startsWith', 'endsWith'].includes(name)) return true;
    return item;
  };
  /** What the program has looked at: the rest of an object has it, too. */
  const seen = new Map<string, object>();
  return new Proxy(
    {},
    {
      ownKeys: () => [...seen.keys()],
      getOwnPropertyDescriptor: (_target, name) =>
        typeof name === 'string' && seen.has(name)
          ? { value: seen.get(name), enumerable: true, configurable: true }
          : undefined,
      get(_target, name) {
        if (name === 'then' || name === 'doNotCapture') return undefined;
        if (name === Symbol.toPrimitive) return (hint: string) => (hint === 'number' ? 1 : sentinel);
        if (name === Symbol.iterator) {
          return function* iterate(): Generator<object> {
            yield deepUnknown(sdk, urn, sentinel);
          };
        }
        if (typeof name === 'symbol') return undefined;
        if (outputMembers.has(name)) {
          const member: unknown = Reflect.get(output, name);
          return typeof member === 'function' ? (member.bind(output) as unknown) : member;
        }
        if (name.startsWith('__')) return undefined;
        if (name === 'toJSON') return () => sentinel;
        if (name === 'length') return 1;
        if (methods.has(name)) return (callback: unknown) => call(name, callback);
        const child = seen.get(name) ?? deepUnknown(sdk, urn, sentinel);
        seen.set(name, child);
        return child;
      },
      has: (_target, name) => typeof name === 'string' && !name.startsWith('__'),
    },
  );
}
