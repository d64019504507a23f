import type { Place } from '../place.js';
import type { Provenance } from '../provenance.js';
import type { NotAnalysed, Resource } from '../resource.js';
import type { ObjectValue, Value } from '../value.js';

/** Text that is not what `pulumi preview --json` or `pulumi stack export` prints. */
export class PulumiStateError extends Error {
  override readonly name = 'PulumiStateError';
}

export type Json = Readonly<Record<string, unknown>>;

export function isObject(data: unknown): data is Json {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/** @throws {PulumiStateError} It is no JSON object. The text is not quoted: it may hold secrets. */
export function parseObject(text: string, source: string): Json {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new PulumiStateError(`This is not JSON. Give what \`${source}\` prints.`);
  }
  if (!isObject(data)) throw new PulumiStateError(`This JSON is no object. Give what \`${source}\` prints.`);
  return data;
}

const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const outputSignature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';

/** What Pulumi's engine prints for values it does not know yet: one for each kind of value. */
const unknowns = new Set([
  '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

const generators = /^(?:random:index\/random(?:Password|String|Bytes|Uuid|Id|Pet)|tls:index\/privateKey):/;

/** Entries where resources should be that are none. A tool that wrote them this way wrote others this way, too. */
export function unreadEntries(entries: readonly unknown[]): readonly NotAnalysed[] {
  const count = entries.filter((entry) => !isObject(entry) || !isUrn(entry['urn'])).length;
  if (count === 0) return [];
  const what = count === 1 ? '1 resource' : `${count} resources`;
  return [{ what, because: 'there is no object with a URN where one should be', extent: 'whole' }];
}

function isUrn(urn: unknown): boolean {
  return typeof urn === 'string' && /^urn:pulumi:.*::.*::.+::/s.test(urn);
}

/** One resource of a state or of a preview; `undefined` for the stack itself and for what is going away. */
export function fromResourceState(data: unknown): Resource | undefined {
  if (!isObject(data) || typeof data['urn'] !== 'string' || data['delete'] === true) return undefined;
  const { urn } = data;
  const [, , qualified = '', ...name] = urn.split('::');
  const type = typeof data['type'] === 'string' ? data['type'] : (qualified.split('$').at(-1) ?? '');
  if (type === 'pulumi:pulumi:Stack') return undefined;
  const propertyDependencies = new Map(
    Object.entries(isObject(data['propertyDependencies']) ? data['propertyDependencies'] : {}).map(([key, urns]) => [
      key,
      strings(urns),
    ]),
  );
  const inputs = isObject(data['inputs']) ? data['inputs'] : {};
  const fields = new Map<string, Value>();
  for (const [key, value] of Object.entries(inputs)) {
    if (key !== '__defaults') fields.set(key, valueFrom(value, propertyDependencies.get(key) ?? [], false));
  }
  const properties: ObjectValue = { kind: 'object', fields, secret: false, provenance: { kind: 'unknown' } };
  const place = placeOf(data);
  const parent = typeof data['parent'] === 'string' ? data['parent'] : '';
  return {
    urn,
    type,
    name: name.join('::'),
    properties,
    ...(place && { place }),
    ...(parent !== '' && parent.split('::')[2] !== 'pulumi:pulumi:Stack' && { parent }),
    dependencies: strings(data['dependencies']),
    propertyDependencies,
    ignoreChanges: strings(data['ignoreChanges']),
    remote: false,
    custom: data['custom'] === true,
  };
}

function strings(data: unknown): readonly string[] {
  return Array.isArray(data) ? data.filter((item) => typeof item === 'string') : [];
}

/** A state says what a value is and which resources it was made from, not whether somebody typed it. */
function provenanceOf(urns: readonly string[]): Provenance {
  const generated = urns.find((urn) => generators.test(urn.split('::')[2]?.split('$').at(-1) ?? ''));
  if (generated !== undefined) return { kind: 'generated', urn: generated };
  return urns.length > 0 ? { kind: 'resource-output', urns } : { kind: 'unknown' };
}

function valueFrom(data: unknown, urns: readonly string[], secret: boolean): Value {
  const provenance = provenanceOf(urns);
  const hidden = (because: string): Value => ({ kind: 'unknown', because, secret: true, provenance });
  if (data === '[secret]') return hidden('it is hidden');
  if (typeof data === 'string' && unknowns.has(data)) {
    return { kind: 'unknown', because: 'it is only known during the deployment', secret, provenance };
  }
  if (data === null || typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') {
    return { kind: 'known', value: data, secret, provenance };
  }
  if (Array.isArray(data)) {
    return { kind: 'list', items: data.map((item) => valueFrom(item, urns, secret)), secret, provenance };
  }
  if (!isObject(data)) return { kind: 'unknown', because: 'it cannot be read', secret, provenance };
  if (data[signatureKey] === secretSignature) {
    const { plaintext, value } = data;
    if (typeof plaintext === 'string') return valueFrom(decoded(plaintext), urns, true);
    return value === undefined ? hidden('it is encrypted') : valueFrom(value, urns, true);
  }
  if (data[signatureKey] === outputSignature) {
    const all = [...urns, ...strings(data['dependencies'])];
    const marked = secret || data['secret'] === true;
    return valueFrom('value' in data ? data['value'] : [...unknowns][0], all, marked);
  }
  const fields = new Map<string, Value>();
  for (const [key, value] of Object.entries(data)) {
    if (key !== signatureKey && key !== '__defaults') fields.set(key, valueFrom(value, urns, secret));
  }
  return { kind: 'object', fields, secret, provenance };
}

/** `--show-secrets` prints secrets as JSON texts. */
function decoded(plaintext: string): unknown {
  try {
    return JSON.parse(plaintext) as unknown;
  } catch {
    return plaintext;
  }
}

/** `project:///index.ts#12,34`; the innermost frame of the program where the position itself is in a package. */
function placeOf(data: Json): Place | undefined {
  const frames = Array.isArray(data['stackTrace']) ? data['stackTrace'] : [];
  const positions = [
    data['sourcePosition'],
    ...frames.map((frame: unknown) => (isObject(frame) ? frame['sourcePosition'] : undefined)),
  ];
  for (const position of positions) {
    if (typeof position !== 'string' || position.includes('/node_modules/')) continue;
    const groups = /^(?:project:\/\/\/|file:\/\/)(?<file>[^#]+)#(?<line>\d+)(?:,(?<column>\d+))?$/.exec(
      position,
    )?.groups;
    const { file, line, column } = groups ?? {};
    if (file === undefined || line === undefined) continue;
    const place = { file: unescaped(file), line: Number(line) };
    return column === undefined ? place : { ...place, column: Number(column) };
  }
  return undefined;
}

function unescaped(file: string): string {
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}
