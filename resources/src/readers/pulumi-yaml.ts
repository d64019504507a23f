import { LineCounter, parseDocument } from 'yaml';
import type { Provenance } from '../provenance.js';
import type { Model, Resource } from '../resource.js';
import { absent, at, items, text, type ObjectValue, type Value } from '../value.js';
import { YamlValues } from './yaml-values.js';

export interface PulumiYamlOptions {
  /** Path that places name. */
  readonly file: string;
}

/**
 * The resources of a Pulumi YAML program, without running it. Outputs of resources, configuration and functions are unknown,
 * with their provenance. A file that is no YAML, or no program, gives no resources and says so.
 */
export function readPulumiYaml(source: string, { file }: PulumiYamlOptions): Model {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, uniqueKeys: false, merge: true });
  const error = document.errors[0];
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const place = { file, line: Math.max(1, line), column: Math.max(1, col) };
    return { resources: [], notAnalysed: [{ what: file, because: `it is not valid YAML (${error.code})`, place }] };
  }
  const values = new YamlValues(document, file, lineCounter);
  const program = values.read(document.contents);
  const declared = at(program, 'resources');
  if (declared.kind !== 'object') {
    return { resources: [], notAnalysed: [{ what: file, because: 'it declares no resources' }] };
  }
  const names = new Names(program, file);
  return {
    resources: [...declared.fields].map(([name, declaration]) => resourceOf(name, declaration, names)),
    notAnalysed: values.cutOff,
  };
}

function resourceOf(name: string, declaration: Value, names: Names): Resource {
  const type = tokenOf(text(at(declaration, 'type')) ?? '');
  const written = at(declaration, 'properties');
  const fields = new Map<string, Value>();
  const propertyDependencies = new Map<string, readonly string[]>();
  for (const [key, value] of written.kind === 'object' ? written.fields : []) {
    const resolved = names.resolve(value);
    fields.set(key, resolved.value);
    if (resolved.urns.length > 0) propertyDependencies.set(key, resolved.urns);
  }
  const options = at(declaration, 'options');
  const explicit = items(at(options, 'dependsOn')).flatMap((value) => names.resolve(value).urns);
  const parent = names.resolve(at(options, 'parent')).urns[0];
  const place = declaration.kind === 'absent' ? undefined : declaration.place;
  const properties: ObjectValue = {
    kind: 'object',
    fields,
    secret: false,
    provenance: { kind: 'literal' },
    ...(place ? { place } : {}),
  };
  return {
    urn: names.urnOf(name),
    type,
    name: text(at(declaration, 'name')) ?? name,
    properties,
    ...(place ? { place } : {}),
    ...(parent === undefined ? {} : { parent }),
    dependencies: [...new Set([...explicit, ...[...propertyDependencies.values()].flat()])],
    propertyDependencies,
    ignoreChanges: items(at(options, 'ignoreChanges')).flatMap((value) => text(value) ?? []),
    remote: false,
    custom: true,
  };
}

/** Providers whose tokens are written as they are. */
const unbridged = /^(kubernetes|aws-native|azure-native|google-native|pulumi|docker-build|awsx|eks)$/;

/** `aws:rds:Instance` is short for `aws:rds/instance:Instance`, `random:RandomPassword` for `random:index/randomPassword:RandomPassword`. */
export function tokenOf(type: string): string {
  const [provider = '', ...rest] = type.split(':');
  const name = rest.at(-1) ?? '';
  const module = rest.length > 1 ? (rest[0] ?? 'index') : 'index';
  if (provider === 'pulumi' || (unbridged.test(provider) && rest.length > 1) || name === '') return type;
  if (module.includes('/')) return type;
  return `${provider}:${module}/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
}

interface Resolved {
  readonly value: Value;
  /** URNs of the resources that the value was made from. */
  readonly urns: readonly string[];
}

/** What `${…}` and `fn::…` mean. */
class Names {
  readonly #program: Value;
  readonly #file: string;
  readonly #open = new Set<string>();

  constructor(program: Value, file: string) {
    this.#program = program;
    this.#file = file;
  }

  urnOf(name: string): string {
    const type = tokenOf(text(at(this.#program, 'resources', name, 'type')) ?? '');
    return `urn:keyturn:pulumi-yaml::${this.#file}::${type}::${name}`;
  }

  resolve(value: Value): Resolved {
    if (value.kind === 'list') {
      const resolved = value.items.map((item) => this.resolve(item));
      return {
        value: { ...value, items: resolved.map((item) => item.value) },
        urns: resolved.flatMap(({ urns }) => urns),
      };
    }
    if (value.kind === 'object') return this.#object(value);
    const written = text(value);
    if (written === undefined || value.kind !== 'known' || !/\$\{[^}]*\}/.test(written)) return { value, urns: [] };
    return this.#interpolated(written, value);
  }

  #object(value: ObjectValue): Resolved {
    const [first] = value.fields;
    const [key, argument] = first ?? [];
    if (key?.startsWith('fn::') && argument && value.fields.size === 1) return this.#function(key, argument, value);
    const urns: string[] = [];
    const fields = new Map<string, Value>();
    for (const [name, field] of value.fields) {
      const resolved = this.resolve(field);
      fields.set(name, resolved.value);
      urns.push(...resolved.urns);
    }
    return { value: { ...value, fields }, urns };
  }

  #function(name: string, argument: Value, value: ObjectValue): Resolved {
    const inner = this.resolve(argument);
    if (name === 'fn::secret')
      return { value: inner.value.kind === 'absent' ? absent : { ...inner.value, secret: true }, urns: inner.urns };
    if (name === 'fn::toJSON') {
      const plain = plainOf(inner.value);
      if (plain.known) return { value: { ...known(JSON.stringify(plain.data), value) }, urns: inner.urns };
    }
    const invoked = name === 'fn::invoke' ? text(at(argument, 'function')) : undefined;
    const provenance: Provenance =
      invoked !== undefined
        ? { kind: 'fetched-at-deploy', token: functionToken(invoked) }
        : inner.urns.length > 0
          ? { kind: 'resource-output', urns: inner.urns }
          : { kind: 'unknown' };
    return { value: unknown(`${name} runs at the deployment`, provenance, value), urns: inner.urns };
  }

  #interpolated(written: string, value: Value): Resolved {
    const references = [...written.matchAll(/\$\{([^}]*)\}/g)].map((match) => this.#reference(match[1]?.trim() ?? ''));
    const [only] = references;
    if (references.length === 1 && only?.value && /^\$\{[^}]*\}$/.test(written.trim())) {
      return { value: only.value, urns: only.urns };
    }
    const urns = references.flatMap((reference) => reference.urns);
    const first = references.find(({ provenance }) => provenance.kind !== 'resource-output');
    const provenance: Provenance =
      urns.length > 0 ? { kind: 'resource-output', urns } : (first?.provenance ?? { kind: 'unknown' });
    return { value: unknown('it is filled in at the deployment', provenance, value), urns };
  }

  #reference(expression: string): {
    readonly value?: Value;
    readonly urns: readonly string[];
    readonly provenance: Provenance;
  } {
    const root = /^[A-Za-z_][\w:-]*/.exec(expression)?.[0] ?? '';
    if (at(this.#program, 'resources', root).kind !== 'absent') {
      const urns = [this.urnOf(root)];
      return { urns, provenance: { kind: 'resource-output', urns } };
    }
    const variable = at(this.#program, 'variables', root);
    if (variable.kind !== 'absent' && !this.#open.has(root)) {
      this.#open.add(root);
      const resolved = this.resolve(variable);
      this.#open.delete(root);
      const whole = expression === root ? { value: resolved.value } : {};
      const provenance: Provenance = resolved.value.kind === 'absent' ? { kind: 'unknown' } : resolved.value.provenance;
      return { ...whole, urns: resolved.urns, provenance };
    }
    for (const section of ['config', 'configuration']) {
      const declared = at(this.#program, section, root);
      if (declared.kind === 'absent') continue;
      const secret = at(declared, 'secret');
      const isSecret = secret.kind === 'known' && secret.value === true;
      return { urns: [], provenance: { kind: isSecret ? 'secret-config' : 'plain-config', key: root } };
    }
    return {
      urns: [],
      provenance: root.startsWith('pulumi') ? { kind: 'plain-config', key: expression } : { kind: 'unknown' },
    };
  }
}

/** `aws:secretsmanager:getSecretVersion` is short for `aws:secretsmanager/getSecretVersion:getSecretVersion`. */
function functionToken(token: string): string {
  const [provider, module, name] = token.split(':');
  return name === undefined || module?.includes('/') === true
    ? token
    : `${provider ?? ''}:${module ?? ''}/${name}:${name}`;
}

function known(data: string, { secret, provenance, place }: ObjectValue): Value {
  return { kind: 'known', value: data, secret, provenance, ...(place ? { place } : {}) };
}

function unknown(because: string, provenance: Provenance, value: Value): Value {
  const place = value.kind === 'absent' ? undefined : value.place;
  return { kind: 'unknown', because, secret: false, provenance, ...(place ? { place } : {}) };
}

type Plain = { readonly known: true; readonly data: unknown } | { readonly known: false };

function plainOf(value: Value): Plain {
  if (value.kind === 'known') return { known: true, data: value.value };
  if (value.kind === 'absent') return { known: true, data: null };
  if (value.kind === 'unknown') return { known: false };
  const entries =
    value.kind === 'list' ? value.items.map((item, index) => [String(index), item] as const) : [...value.fields];
  const data: [string, unknown][] = [];
  for (const [key, item] of entries) {
    const plain = plainOf(item);
    if (!plain.known) return plain;
    data.push([key, plain.data]);
  }
  return { known: true, data: value.kind === 'list' ? data.map(([, item]) => item) : Object.fromEntries(data) };
}
