import { absent, type ObjectValue, type Provenance, type Value } from '@keyturn/resources';

/** What `@pulumi/policy` puts in the place of a value that only the deployment knows. */
const unknowns: ReadonlySet<unknown> = new Set([
  '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

/** Where values come from, as far as an analyzer is told. */
export interface Origins {
  /** URNs that each top-level property was made from; known for stacks only. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Value → key of the stack's configuration. */
  readonly config: ReadonlyMap<string, string>;
  /** Value → name of a variable of the environment, which the pack shares with the program. */
  readonly environment: ReadonlyMap<string, string>;
}

/** The properties of one resource as a model value. Nothing in here throws on an unknown. */
export function readProperties(properties: unknown, origins: Origins): ObjectValue {
  const raw = rawOf(properties);
  const fields = new Map<string, Value>();
  for (const [key, field] of entriesOf(raw)) {
    const urns = origins.dependencies.get(key) ?? [];
    fields.set(key, read(field, urns, origins));
  }
  return { kind: 'object', fields, secret: false, provenance: { kind: 'literal' } };
}

function read(data: unknown, urns: readonly string[], origins: Origins): Value {
  if (data === undefined) return absent;
  const provenance = provenanceOf(data, urns, origins);
  const marks = { secret: false, provenance };
  if (unknowns.has(data)) {
    return {
      kind: 'unknown',
      because: 'only the deployment knows it',
      secret: false,
      provenance: urns.length > 0 ? { kind: 'resource-output', urns } : { kind: 'unknown' },
    };
  }
  if (data === null || typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') {
    return { kind: 'known', value: data, ...marks };
  }
  if (Array.isArray(data)) {
    return { kind: 'list', items: data.map((item: unknown) => read(rawOf(item), urns, origins)), ...marks };
  }
  if (typeof data === 'object' && !isAsset(data)) {
    const fields = new Map(entriesOf(data).map(([key, field]) => [key, read(field, urns, origins)] as const));
    return { kind: 'object', fields, ...marks };
  }
  return { kind: 'unknown', because: 'it is a file', secret: false, provenance: { kind: 'file', path: '' } };
}

/**
 * An analyzer sees no source: a text that is in no configuration and in no variable of the environment was written in the program,
 * or a function gave it. Nothing tells which.
 */
function provenanceOf(data: unknown, urns: readonly string[], { config, environment }: Origins): Provenance {
  if (urns.length > 0) return fromConfig(data, config) ?? { kind: 'resource-output', urns };
  if (typeof data !== 'string') return { kind: 'literal' };
  const name = environment.get(data);
  return fromConfig(data, config) ?? (name === undefined ? { kind: 'unknown' } : { kind: 'environment', name });
}

function fromConfig(data: unknown, config: ReadonlyMap<string, string>): Provenance | undefined {
  const key = typeof data === 'string' ? config.get(data) : undefined;
  return key === undefined ? undefined : { kind: 'plain-config', key };
}

function isAsset(data: object): boolean {
  return '__pulumiAsset' in data || '__pulumiArchive' in data;
}

/**
 * The object behind the proxy of `@pulumi/policy`, whose every read of an unknown throws, and ends the policy for the whole
 * resource. The proxy gives its target away under a name that is internal; where that stops working, fields are read one by
 * one and the ones that throw are unknown.
 */
export function rawOf(proxied: unknown): unknown {
  if (typeof proxied !== 'object' || proxied === null) return proxied;
  try {
    const target: unknown = (proxied as Record<string, unknown>)['__getSpecialProxyTarget'];
    return typeof target === 'object' && target !== null ? target : proxied;
  } catch {
    return proxied;
  }
}

function entriesOf(object: unknown): readonly (readonly [string, unknown])[] {
  if (typeof object !== 'object' || object === null) return [];
  return Object.keys(object).map((key) => {
    try {
      return [key, rawOf((object as Record<string, unknown>)[key])] as const;
    } catch {
      return [key, '04da6b54-80e4-46f7-96ec-b56ff0331ba9'] as const;
    }
  });
}

/** Value → key of the configuration that the engine hands to the pack. Short values, numbers and switches say nothing about where a text comes from. */
export function configIn(environment: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let config: unknown;
  try {
    config = JSON.parse(environment['PULUMI_CONFIG'] ?? '{}');
  } catch {
    return values;
  }
  if (typeof config !== 'object' || config === null) return values;
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === 'string' && value.length >= 4) values.set(value, key);
  }
  return values;
}

/** Value → variable that holds it. Short values say nothing about where a text comes from. */
export function valuesOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.length >= 4 && !name.startsWith('PULUMI_')) values.set(value, name);
  }
  return values;
}
