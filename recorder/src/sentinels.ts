import { createHash, randomBytes } from 'node:crypto';

import type { Provenance } from '@keyturn/resources';

import type { Report, SentinelKind, StandInKind } from './preload/messages.cjs';
import type { ConfigEntry } from './project.js';

/** A value that exists nowhere else, one per configuration key, environment variable and invoke; another one in every run. */
export function newPrefix(): string {
  return `kt${randomBytes(2).toString('hex')}`;
}

/** Must give what `preload/environment.cts` gives. */
export function sentinelFor(prefix: string, kind: SentinelKind, name: string): string {
  return prefix + createHash('sha256').update(`${prefix}|${kind}|${name}`).digest('hex').slice(0, 10);
}

export interface Origin {
  readonly sentinel: string;
  readonly provenance: Provenance;
  /** For people: `configuration key shop:password`. */
  readonly what: string;
}

/** Shapes that a program parses at once; a sentinel in their place would only end it. */
function isParsed(value: string): boolean {
  return /^(?:true|false|-?\d[\d.]*|\s*[[{"].*|.*[/:\\].*|\d+(?:\.\d+)*.*)$/s.test(value) || value.trim() === '';
}

/** Provider settings that SDKs read themselves, and refuse to go on without. */
const providerDefaults: readonly (readonly [string, string])[] = [
  ['aws:region', 'us-east-1'],
  ['aws-native:region', 'us-east-1'],
  ['gcp:project', 'project'],
  ['gcp:region', 'us-central1'],
  ['gcp:zone', 'us-central1-a'],
  ['azure:location', 'westeurope'],
  ['azure-native:location', 'westeurope'],
];

/** The configuration of a run: secrets are always sentinels; plain texts are, when `all` is asked for. */
export function configOf(entries: readonly ConfigEntry[], prefix: string, all: boolean): Map<string, string> {
  const config = new Map<string, string>(providerDefaults);
  for (const { key, secret, value } of entries) {
    const hide = value === undefined || (secret && !isParsed(value)) || (all && !isParsed(value));
    config.set(key, hide ? sentinelFor(prefix, 'config', key) : value);
  }
  return config;
}

/** Everything the run was given or asked for, strongest first: a text made of a secret and a name came from the secret. */
export function originsOf(
  prefix: string,
  entries: readonly ConfigEntry[],
  reports: readonly Report[],
): readonly Origin[] {
  const secrets = new Set(entries.filter(({ secret }) => secret).map(({ key }) => key));
  const keys = new Set(entries.map(({ key }) => key));
  const environment = new Set<string>();
  const invokes = new Set<string>();
  const standIns = new Map<string, Origin>();
  for (const report of reports) {
    if (report.type === 'config') {
      keys.add(report.key);
      if (report.secret) secrets.add(report.key);
    } else if (report.type === 'environment') environment.add(report.name);
    else if (report.type === 'invoke') invokes.add(report.token);
    else if (report.type === 'stand-in') {
      const sentinel = sentinelFor(prefix, report.kind, report.name);
      standIns.set(sentinel, { sentinel, ...standInOrigin(report.kind, report.name) });
    }
  }
  const config = (key: string): Origin => ({
    sentinel: sentinelFor(prefix, 'config', key),
    provenance: { kind: secrets.has(key) ? 'secret-config' : 'plain-config', key },
    what: `configuration key ${key}`,
  });
  const ordered = [...keys].sort();
  return [
    ...ordered.filter((key) => secrets.has(key)).map(config),
    ...[...invokes].sort().map((token): Origin => ({
      sentinel: sentinelFor(prefix, 'invoke', token),
      provenance: { kind: 'fetched-at-deploy', token },
      what: `the result of ${token}`,
    })),
    ...standIns.values(),
    ...[...environment].sort().map((name): Origin => ({
      sentinel: sentinelFor(prefix, 'environment', name),
      provenance: { kind: 'environment', name },
      what: `environment variable ${name}`,
    })),
    ...ordered.filter((key) => !secrets.has(key)).map(config),
  ];
}

/** Where a value comes from that was made up. */
export function standInOrigin(kind: StandInKind, name: string): Omit<Origin, 'sentinel'> {
  switch (kind) {
    case 'file':
      return { provenance: { kind: 'file', path: name }, what: `the file ${name}, which is not there` };
    case 'command':
      return { provenance: { kind: 'fetched-at-deploy', token: name }, what: `what the command ${name} prints` };
    case 'network':
      return { provenance: { kind: 'fetched-at-deploy', token: name }, what: `an answer of ${name}` };
    default:
      return { provenance: { kind: 'unknown' }, what: `${name}, which is not there` };
  }
}

/** The strongest origin whose sentinel is in the text, as it is or encoded in base64, hex or percent signs. */
export function originIn(text: string, origins: readonly Origin[]): Origin | undefined {
  const readings = [text, ...decoded(text)];
  return origins.find(({ sentinel }) => readings.some((reading) => reading.includes(sentinel)));
}

function decoded(text: string): readonly string[] {
  const readings: string[] = [];
  for (const [part] of text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g))
    readings.push(Buffer.from(part, 'base64').toString('latin1'));
  for (const [part] of text.matchAll(/(?:[0-9a-f]{2}){16,}/gi))
    readings.push(Buffer.from(part, 'hex').toString('latin1'));
  return readings;
}
