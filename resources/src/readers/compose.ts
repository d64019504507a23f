import { LineCounter, parseDocument } from 'yaml';
import type { Model, Resource } from '../resource.js';
import { absent, at, leaves, text, type ObjectValue, type Value } from '../value.js';
import { firstLineIn } from './block-scalar.js';
import { resourceInFile } from './resource-in-file.js';
import { readShell } from './shell.js';
import { textOfShell } from './shell-values.js';
import { YamlValues } from './yaml-values.js';

export interface ComposeOptions {
  /** Path that places name. */
  readonly file: string;
}

/**
 * The services of a compose file, each as a resource of the type `docker:compose:Service` with the properties as they are written.
 * `environment` and `build.args` are always objects, also where the file has a list of `NAME=value`; a name without a value comes from
 * the environment. Statements that its commands run are resources of their own, as `readShell` has them. Every value knows its line. A file that is no YAML is reported in `notAnalysed`.
 */
export function readCompose(source: string, { file }: ComposeOptions): Model {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: false, merge: true, logLevel: 'silent' });
  const error = document.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    const place = { file, line: Math.max(1, line), column: Math.max(1, col) };
    return { resources: [], notAnalysed: [{ what: file, because: `it is not valid YAML (${error.code})`, place }] };
  }
  const values = new YamlValues(document, file, lines);
  const texts = source.split('\n');
  const services = at(values.read(document.contents), 'services');
  const found = services.kind === 'object' ? [...services.fields] : [];
  return {
    resources: found.flatMap(([name, service]) => [
      ...serviceOf(name, service, file),
      ...statementsIn(name, service, file, texts),
    ]),
    notAnalysed: values.cutOff,
  };
}

/** What the commands of a service run. */
function statementsIn(service: string, properties: Value, file: string, lines: readonly string[]): readonly Resource[] {
  return ['command', 'entrypoint', 'healthcheck', 'post_start'].flatMap((key) =>
    [...leaves(at(properties, key))].flatMap(({ value }, index) => {
      const firstLine = value.place ? firstLineIn(lines, value.place) : 1;
      const { resources } = readShell((text(value) ?? '').replaceAll('$$', '$'), { file, firstLine });
      return resources.map((found) => ({ ...found, urn: `${found.urn}#${service}.${key}.${index}` }));
    }),
  );
}

function serviceOf(name: string, service: Value, file: string): readonly Resource[] {
  if (service.kind !== 'object') return [];
  const environment = environmentOf(at(service, 'environment'));
  const build = at(service, 'build');
  const args = environmentOf(at(build, 'args'));
  const built = build.kind === 'object' && args ? { ...build, fields: new Map(build.fields).set('args', args) } : build;
  return [
    resourceInFile({
      reader: 'compose',
      type: 'docker:compose:Service',
      name,
      place: service.place ?? { file, line: 1 },
      fields: { ...Object.fromEntries(service.fields), build: built, ...(environment ? { environment } : {}) },
    }),
  ];
}

function environmentOf(written: Value): ObjectValue | undefined {
  const entries: [string, Value][] = [];
  if (written.kind === 'object') {
    for (const [name, value] of written.fields) entries.push([name, entryOf(name, value)]);
  } else if (written.kind === 'list') {
    for (const item of written.items) {
      const line = text(item);
      const end = line?.indexOf('=') ?? -1;
      if (line === undefined || item.kind !== 'known') continue;
      const name = end === -1 ? line : line.slice(0, end);
      entries.push([name, entryOf(name, end === -1 ? absent : { ...item, value: line.slice(end + 1) })]);
    }
  } else {
    return undefined;
  }
  return { ...written, kind: 'object', fields: new Map(entries) };
}

/** Compose writes `$$` for a dollar sign, and takes a variable without a value from where it was started. */
function entryOf(name: string, value: Value): Value {
  if (value.kind === 'absent' || (value.kind === 'known' && value.value === null)) {
    const provenance = { kind: 'environment', name } as const;
    const place = value.kind === 'known' && value.place ? { place: value.place } : {};
    return { kind: 'unknown', because: `the environment sets ${name}`, secret: false, provenance, ...place };
  }
  const written = text(value);
  if (written === undefined || value.kind !== 'known' || !value.place) return value;
  return textOfShell(written, { expands: true, place: value.place });
}
