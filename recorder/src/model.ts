import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { NotAnalysed, ObjectValue, Place, Provenance, Resource, Value } from '@keyturn/resources';

import type { Registration } from './monitor.js';
import { notAnalysed } from './not-analysed.js';
import { placeInStack, placeOf } from './places.js';
import type { Project } from './project.js';
import type { RunOutput } from './run.js';
import { originIn, originsOf, standInOrigin, type Origin } from './sentinels.js';
import { readSent, type Sent } from './wire.js';

/** One run, with what is needed to read it. */
export interface Observed {
  readonly prefix: string;
  readonly config: ReadonlyMap<string, string>;
  readonly output: RunOutput;
}

const origin =
  /^urn:keyturn:(?<kind>invoke|config|secret-config|environment|module|member|file|command|network)::(?<what>.*)$/s;
const generators = /^(?:random:index\/random(?:Password|String|Bytes|Uuid|Id|Pet)|tls:index\/privateKey):/;

/** Reads two runs of one program side by side: what differs between them was made from what differed between them. */
export class ModelBuilder {
  readonly #project: Project;
  readonly #first: Observed;
  readonly #second: Observed | undefined;
  readonly #firstOrigins: readonly Origin[];
  readonly #secondOrigins: readonly Origin[];
  readonly #files: ReadonlyMap<string, string>;
  readonly #partners: ReadonlyMap<string, Registration>;
  readonly #registered: ReadonlyMap<string, Registration>;
  readonly #places: ReadonlyMap<string, string>;

  constructor(project: Project, first: Observed, second: Observed | undefined) {
    this.#project = project;
    this.#first = first;
    this.#second = second;
    const reports = [...first.output.reports, ...(second?.output.reports ?? [])];
    this.#firstOrigins = originsOf(first.prefix, project.config, reports);
    this.#secondOrigins = second === undefined ? [] : originsOf(second.prefix, project.config, reports);
    this.#places = new Map(
      first.output.reports.flatMap((report) =>
        report.type === 'made' ? [[`${report.resource} ${report.name}`, report.at] as const] : [],
      ),
    );
    this.#files = readTexts(first.output, project);
    this.#registered = new Map(first.output.registrations.map((registration) => [registration.urn, registration]));
    this.#partners = new Map(
      (second?.output.registrations ?? []).map((registration) => [
        named(registration.urn, this.#secondOrigins),
        registration,
      ]),
    );
  }

  resources(): readonly Resource[] {
    const seen = new Set<string>();
    const resources: Resource[] = [];
    for (const registration of this.#first.output.registrations) {
      if (registration.type === 'pulumi:pulumi:Stack' || seen.has(registration.urn)) continue;
      seen.add(registration.urn);
      resources.push(this.#resource(registration));
    }
    return resources.sort(byPlace);
  }

  notAnalysed(): readonly NotAnalysed[] {
    return notAnalysed(this.#first.output, this.#project.directory, (text) => this.#named(text));
  }

  #resource(registration: Registration): Resource {
    const partner = this.#partners.get(named(registration.urn, this.#firstOrigins));
    const fields = new Map<string, Value>();
    for (const [key, data] of Object.entries(registration.inputs)) {
      const from = registration.propertyDependencies.get(key) ?? [];
      const [sent, other] = [data, partner?.inputs[key]].map((each) => readInput(registration.type, each));
      if (sent !== undefined) fields.set(key, this.#value(sent, partner && other, from));
    }
    const properties: ObjectValue = { kind: 'object', fields, secret: false, provenance: { kind: 'literal' } };
    const place = this.#placeOf(registration);
    const isChild = registration.parent !== '' && registration.parent.split('::')[2] !== 'pulumi:pulumi:Stack';
    return {
      urn: this.#named(registration.urn),
      type: registration.type,
      name: this.#named(registration.name),
      properties,
      ...(place && { place }),
      ...(isChild && { parent: this.#named(registration.parent) }),
      dependencies: this.#urns(registration.dependencies),
      propertyDependencies: new Map(
        [...registration.propertyDependencies].map(([key, urns]) => [key, this.#urns(urns)]),
      ),
      ignoreChanges: registration.ignoreChanges,
      remote: registration.remote,
      custom: registration.custom,
    };
  }

  /** What a package makes later, on its own, is where its parent is. */
  #placeOf(registration: Registration): Place | undefined {
    const seen = new Set<string>();
    for (let current: Registration | undefined = registration; current !== undefined && !seen.has(current.urn);) {
      const place = placeOf(current.frames, this.#project.directory) ?? this.#seenPlace(current);
      if (place !== undefined) return place;
      seen.add(current.urn);
      current = this.#registered.get(current.parent);
    }
    return undefined;
  }

  #seenPlace({ type, name }: Registration): Place | undefined {
    const at = this.#places.get(`${type} ${name}`);
    return at === undefined ? undefined : placeInStack(at, this.#project.directory);
  }

  #named(text: string): string {
    return named(text, this.#firstOrigins);
  }

  #urns(urns: readonly string[]): readonly string[] {
    return urns.filter((urn) => !origin.test(urn)).map((urn) => this.#named(urn));
  }

  #value(sent: Sent, partner: Sent | undefined, from: readonly string[]): Value {
    const { secret } = sent;
    if (sent.kind === 'list') {
      const others = partner?.kind === 'list' ? partner.items : [];
      const items = sent.items.map((item, index) => this.#value(item, others[index], from));
      return { kind: 'list', items, secret, provenance: { kind: 'literal' } };
    }
    if (sent.kind === 'object') {
      const others = partner?.kind === 'object' ? partner.fields : undefined;
      const fields = new Map(
        [...sent.fields].map(([key, field]) => [this.#named(key), this.#value(field, others?.get(key), from)]),
      );
      return { kind: 'object', fields, secret, provenance: { kind: 'literal' } };
    }
    if (sent.kind === 'unknown') {
      const provenance = this.#origin(sent.from.length > 0 ? sent.from : from);
      return { kind: 'unknown', because: 'it is only known during the deployment', secret, provenance };
    }
    return this.#leaf(sent, partner);
  }

  #origin(urns: readonly string[]): Provenance {
    const kinds = urns.map((urn) => origin.exec(urn)?.groups);
    const of = (kind: string): string | undefined => kinds.find((groups) => groups?.['kind'] === kind)?.['what'];
    const token = of('invoke');
    if (token !== undefined) return { kind: 'fetched-at-deploy', token };
    for (const kind of ['command', 'network', 'file'] as const) {
      const name = of(kind);
      if (name !== undefined) return standInOrigin(kind, name).provenance;
    }
    const generated = urns.find((urn) => generators.test(typeOf(urn)));
    if (generated !== undefined) return { kind: 'generated', urn: this.#named(generated) };
    const secretKey = of('secret-config');
    if (secretKey !== undefined) return { kind: 'secret-config', key: secretKey };
    const name = of('environment');
    if (name !== undefined) return { kind: 'environment', name };
    const others = this.#urns(urns);
    if (others.length > 0) return { kind: 'resource-output', urns: others };
    const key = of('config');
    if (key === undefined) return { kind: 'unknown' };
    const known = this.#firstOrigins.find(({ provenance }) => 'key' in provenance && provenance.key === key);
    return known?.provenance ?? { kind: 'plain-config', key };
  }

  #leaf(sent: Extract<Sent, { kind: 'known' }>, partner: Sent | undefined): Value {
    const { value, secret } = sent;
    if (typeof value !== 'string') return { kind: 'known', value, secret, provenance: { kind: 'literal' } };
    const made = originIn(value, this.#firstOrigins);
    if (made !== undefined) return fromOrigin(made, secret);
    const provenance = this.#textProvenance(value, partner, secret);
    if (provenance.kind === 'literal' || provenance.kind === 'file' || provenance.kind === 'plain-config') {
      return { kind: 'known', value, secret, provenance };
    }
    return { kind: 'unknown', because: 'it is made from an input of the program', secret, provenance };
  }

  #textProvenance(value: string, partner: Sent | undefined, secret: boolean): Provenance {
    if (partner?.kind === 'known' && typeof partner.value === 'string' && partner.value !== value) {
      return originIn(partner.value, this.#secondOrigins)?.provenance ?? this.#derived(secret);
    }
    const file = value.trim().length >= 4 ? this.#files.get(value.trim()) : undefined;
    if (file !== undefined) return { kind: 'file', path: file };
    if (partner === undefined) {
      const entry = this.#project.config.find(
        (candidate) => candidate.value !== undefined && candidate.value.length > 3 && value.includes(candidate.value),
      );
      if (entry !== undefined) return { kind: entry.secret ? 'secret-config' : 'plain-config', key: entry.key };
    }
    return { kind: 'literal' };
  }

  /** Differs between the runs, and no sentinel is in sight: a hash, say. It came from one of the inputs. */
  #derived(secret: boolean): Provenance {
    const candidates = this.#firstOrigins.filter(({ provenance }) => provenance.kind !== 'fetched-at-deploy');
    const [only, ...rest] = candidates;
    if (only !== undefined && rest.length === 0) return only.provenance;
    const secrets = candidates.filter(({ provenance }) => provenance.kind === 'secret-config');
    const [first] = secrets;
    return secret && first !== undefined && secrets.length === 1 ? first.provenance : { kind: 'unknown' };
  }
}

/** An input as it was meant: SDKs send the structured inputs of a provider as JSON texts. */
function readInput(type: string, data: unknown): Sent {
  const sent = readSent(data);
  if (!type.startsWith('pulumi:providers:') || sent.kind !== 'known' || typeof sent.value !== 'string') return sent;
  if (!/^\s*[[{]/.test(sent.value)) return sent;
  try {
    return readSent(JSON.parse(sent.value), sent.secret, sent.from);
  } catch {
    return sent;
  }
}

/** Registrations arrive in an order that differs from run to run; the source does not. */
function byPlace(a: Resource, b: Resource): number {
  return (
    compare(a.place?.file ?? '', b.place?.file ?? '') ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0) ||
    compare(a.urn, b.urn)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function fromOrigin({ provenance, what }: Origin, secret: boolean): Value {
  return { kind: 'unknown', because: `it comes from ${what}`, secret, provenance };
}

function typeOf(urn: string): string {
  return urn.split('::')[2]?.split('$').at(-1) ?? '';
}

/** Names made from inputs show the input's name. */
function named(text: string, origins: readonly Origin[]): string {
  let result = text;
  for (const { sentinel, provenance } of origins) {
    if (!result.includes(sentinel)) continue;
    const name = 'key' in provenance ? provenance.key : 'name' in provenance ? provenance.name : 'value';
    result = result.replaceAll(sentinel, `\${${name}}`);
  }
  return result;
}

/** Small files that the program read, by content. */
function readTexts(output: RunOutput, project: Project): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const report of output.reports) {
    if (report.type !== 'file') continue;
    try {
      const file = path.resolve(project.workingDirectory, report.path);
      const content = readFileSync(file, 'utf8').trim();
      if (content.length < 65_536) texts.set(content, path.relative(project.directory, file));
    } catch {
      // It was a folder, or the program removed it.
    }
  }
  return texts;
}
