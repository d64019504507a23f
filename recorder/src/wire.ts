import type { Value } from '@keyturn/resources';

/** What Pulumi puts on the wire for values that JSON has no word for (`sdk/nodejs/runtime/rpc.ts`). */
const signatureKey = '4dabf18193072939515e22adb298388d';
const signatures = {
  // eslint-disable-next-line keyturn/no-hardcoded-credential -- Pulumi's mark for a secret, the same for everybody
  secret: '1b47061264138c4ac30d75fd1eb44270',
  asset: 'c44067f5952c0a294b673a41bacd8c17',
  archive: '0def7320c3a5731c473e5ecbe6d01bc7',
  resource: '5cf8f73096256a8f31e491e813e4eb8e',
  output: 'd0e6a833031e9bbcd3f4e8bde6ca49a4',
} as const;

/** Stands for a value that is not known before the deployment. */
export const unknownOnWire = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

const unknowns = new Set([
  unknownOnWire,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

/** A value as the program sent it. */
export type Sent =
  | {
      readonly kind: 'known';
      readonly value: string | number | boolean | null;
      readonly secret: boolean;
      readonly from: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly secret: boolean; readonly from: readonly string[] }
  | {
      readonly kind: 'list';
      readonly items: readonly Sent[];
      readonly secret: boolean;
      readonly from: readonly string[];
    }
  | {
      readonly kind: 'object';
      readonly fields: ReadonlyMap<string, Sent>;
      readonly secret: boolean;
      readonly from: readonly string[];
    };

function isRecord(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function strings(data: unknown): readonly string[] {
  return Array.isArray(data) ? data.filter((item) => typeof item === 'string') : [];
}

/** Reads a value off the wire. Marks of an enclosing secret or output hold for everything inside it. */
export function readSent(data: unknown, secret = false, from: readonly string[] = []): Sent {
  if (typeof data === 'string' && unknowns.has(data)) return { kind: 'unknown', secret, from };
  if (data === null || typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') {
    return { kind: 'known', value: data, secret, from };
  }
  if (Array.isArray(data))
    return { kind: 'list', items: data.map((item) => readSent(item, secret, from)), secret, from };
  if (!isRecord(data)) return { kind: 'unknown', secret, from };
  switch (data[signatureKey]) {
    case signatures.secret:
      return readSent(data['value'], true, from);
    case signatures.output: {
      const marked = secret || data['secret'] === true;
      const all = [...from, ...strings(data['dependencies'])];
      return 'value' in data ? readSent(data['value'], marked, all) : { kind: 'unknown', secret: marked, from: all };
    }
    case signatures.resource: {
      const { urn, id } = data;
      if (typeof id === 'string' && !unknowns.has(id)) return { kind: 'known', value: id, secret, from };
      if (id === undefined && typeof urn === 'string')
        return { kind: 'known', value: urn, secret, from: [...from, urn] };
      return { kind: 'unknown', secret, from: typeof urn === 'string' ? [...from, urn] : from };
    }
    default: {
      const entries = Object.entries(data).filter(([key]) => key !== signatureKey);
      return {
        kind: 'object',
        fields: new Map(entries.map(([key, item]) => [key, readSent(item, secret, from)])),
        secret,
        from,
      };
    }
  }
}

/** What an engine answers in a preview: the inputs again, as plain values, secrets and unknowns. */
export function echo(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(echo);
  if (!isRecord(data)) return data;
  switch (data[signatureKey]) {
    case signatures.output: {
      const value = 'value' in data ? echo(data['value']) : unknownOnWire;
      return data['secret'] === true ? { [signatureKey]: signatures.secret, value } : value;
    }
    case signatures.resource:
      return typeof data['id'] === 'string' ? data['id'] : (data['urn'] ?? unknownOnWire);
    case signatures.asset:
    case signatures.archive:
      return data;
    default:
      return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, echo(item)]));
  }
}

/** A value of the model as an engine would send it to a policy pack: unknowns and secrets are marked, outputs and references are gone. */
export function toWire(value: Value): unknown {
  if (value.kind === 'absent') return undefined;
  const plain =
    value.kind === 'known'
      ? value.value
      : value.kind === 'unknown'
        ? unknownOnWire
        : value.kind === 'list'
          ? value.items.map(toWire)
          : Object.fromEntries(
              [...value.fields].filter(([, { kind }]) => kind !== 'absent').map(([key, field]) => [key, toWire(field)]),
            );
  return value.secret && (value.kind === 'known' || value.kind === 'unknown')
    ? { [signatureKey]: signatures.secret, value: plain }
    : plain;
}
