import { LineCounter, parseDocument } from 'yaml';
import type { Model, Resource } from '../resource.js';
import { absent, at, items, leaves, text, valueOf, type ObjectValue, type Value } from '../value.js';
import { firstLineIn } from './block-scalar.js';
import { resourceInFile } from './resource-in-file.js';
import { readShell } from './shell.js';
import { expressionsOf } from './workflow-expressions.js';
import { YamlValues } from './yaml-values.js';

export interface WorkflowOptions {
  /** Path that places name. */
  readonly file: string;
}

const scripts: readonly string[] = ['run', 'script', 'before_script', 'after_script'];

/** A part of a pipeline that sets variables or runs something. */
interface Scope {
  readonly name: string;
  readonly value: Value;
  /** The containers that run beside it, and end with it: name → `image` and `env`. */
  readonly services: ObjectValue;
}

/**
 * What a workflow of GitHub Actions, or a pipeline of GitLab, sets and runs. The pipeline, every job and every step that has variables is a
 * resource of the type `ci:pipeline:Scope` with `env` (GitLab: `variables`), the `env` of its `container`, and the `services` that run
 * beside it and end with it. What scripts do is what `readShell` finds in them, at the lines of the workflow; `besideServices` says whether
 * services run beside the job. A file that is no YAML is reported in `notAnalysed`.
 */
export function readWorkflow(source: string, { file }: WorkflowOptions): Model {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: false, merge: true, logLevel: 'silent' });
  const error = document.errors[0];
  if (error) {
    const place = { file, line: Math.max(1, lines.linePos(error.pos[0]).line) };
    return { resources: [], notAnalysed: [{ what: file, because: `it is not valid YAML (${error.code})`, place }] };
  }
  const values = new YamlValues(document, file, lines);
  const root = values.read(document.contents);
  const scopes = at(root, 'jobs').kind === 'object' ? scopesOfGithub(root) : scopesOfGitlab(root);
  const resources: Resource[] = [];
  const counts = new Map<string, number>();
  const texts = source.split('\n');
  for (const scope of scopes) {
    resources.push(...variablesOf(scope, file));
    for (const statement of statementsOf(scope, file, texts)) {
      const count = (counts.get(statement.type) ?? 0) + 1;
      counts.set(statement.type, count);
      resources.push({ ...statement, urn: `${statement.urn}#${count}` });
    }
  }
  return { resources, notAnalysed: values.cutOff };
}

const none = valueOf({}) as ObjectValue;

function* scopesOfGithub(root: Value): Generator<Scope> {
  const jobs = fieldsOf(at(root, 'jobs'));
  const all = jobs.flatMap(([, job]) => fieldsOf(at(job, 'services')));
  yield { name: 'workflow', value: without(root, 'jobs'), services: { ...none, fields: new Map(all) } };
  for (const [name, job] of jobs) {
    const services = objectOf(at(job, 'services'));
    yield { name, value: without(job, 'steps', 'services'), services };
    for (const [index, step] of items(at(job, 'steps')).entries()) {
      const called = text(at(step, 'id')) ?? text(at(step, 'name')) ?? `step ${index + 1}`;
      yield { name: `${name}: ${called}`, value: step, services };
    }
  }
}

/** Words at the top of a pipeline that name no job. */
const noJobs = /^(default|include|stages|workflow|spec|image|services|cache|variables)$/;

/** Services of GitLab take the variables of the job: an image reads those that begin with its name. */
function* scopesOfGitlab(root: Value): Generator<Scope> {
  const common = at(root, 'variables');
  const given = [at(root, 'default', 'services'), at(root, 'services')].find(({ kind }) => kind === 'list') ?? absent;
  const jobs = fieldsOf(root).filter(([name, job]) => !noJobs.test(name) && job.kind === 'object');
  const ofJob = ([name, job]: readonly [string, Value]): Scope => {
    const own = at(job, 'services');
    const variables = [...fieldsOf(common), ...fieldsOf(at(job, 'variables'))];
    const services = items(own.kind === 'absent' ? given : own).map((each, index): [string, Value] => [
      text(at(each, 'alias')) ?? String(index + 1),
      serviceOfGitlab(each, variables),
    ]);
    return { name, value: without(job, 'services'), services: { ...none, fields: new Map(services) } };
  };
  const scopes = jobs.map(ofJob);
  const all = scopes.flatMap(({ name, services }) =>
    [...services.fields].map(([service, value]): [string, Value] => [`${name}: ${service}`, value]),
  );
  const top = without(root, ...jobs.map(([name]) => name), 'services', 'default');
  const beside = { ...none, fields: new Map(all) };
  yield { name: 'pipeline', value: top, services: beside };
  yield { name: 'default', value: without(at(root, 'default'), 'services'), services: beside };
  yield* scopes;
}

function serviceOfGitlab(service: Value, variables: readonly (readonly [string, Value])[]): Value {
  const image = service.kind === 'object' ? at(service, 'name') : service;
  const kind = /(?:^|\/)(\w+)[^/]*$/.exec(text(image) ?? '')?.[1]?.toUpperCase() ?? '';
  const read = kind === 'MARIADB' ? ['MARIADB_', 'MYSQL_'] : kind === '' ? [] : [`${kind}_`];
  const entries = [
    ...variables.filter(([name]) => read.some((prefix) => name.startsWith(prefix))),
    ...fieldsOf(at(service, 'variables')),
  ];
  const env: ObjectValue = { ...none, fields: new Map(entries.map(([name, value]) => [name, scalarOf(value)])) };
  return { ...none, fields: new Map([['image', image] as const, ['env', env] as const]) };
}

function variablesOf({ name, value, services }: Scope, file: string): readonly Resource[] {
  const fields: Record<string, Value> = {};
  for (const key of ['env', 'variables']) fields[key] = environmentOf(at(value, key));
  const container = environmentOf(at(value, 'container', 'env'));
  if (container.kind !== 'absent') fields['container'] = { ...none, fields: new Map([['env', container]]) };
  const [first] = Object.values(fields).filter(({ kind }) => kind !== 'absent');
  if (!first || first.kind === 'absent') return [];
  const place = value.kind === 'absent' || !value.place ? { file, line: 1 } : value.place;
  return [
    resourceInFile({
      reader: 'workflow',
      type: 'ci:pipeline:Scope',
      name,
      place,
      fields: { ...fields, services },
    }),
  ];
}

function environmentOf(written: Value): Value {
  if (written.kind !== 'object') return expressionsOf(written);
  return {
    ...written,
    fields: new Map([...written.fields].map(([key, each]) => [key, expressionsOf(scalarOf(each))])),
  };
}

/** GitLab takes `value` and `description` too. */
function scalarOf(value: Value): Value {
  return value.kind === 'object' ? at(value, 'value') : value;
}

function* statementsOf({ value, services }: Scope, file: string, lines: readonly string[]): Generator<Resource> {
  for (const key of scripts) {
    for (const { value: leaf } of leaves(at(value, key))) {
      const script = text(leaf);
      if (script === undefined || !leaf.place) continue;
      const besideServices = services.fields.size > 0;
      for (const found of readShell(script, { file, firstLine: firstLineIn(lines, leaf.place) }).resources) {
        const fields = new Map(found.properties.fields);
        fields.set('besideServices', valueOf(besideServices));
        yield { ...found, properties: { ...found.properties, fields } };
      }
    }
  }
}

function without(value: Value, ...keys: readonly string[]): Value {
  if (value.kind !== 'object') return value;
  return { ...value, fields: new Map([...value.fields].filter(([key]) => !keys.includes(key))) };
}

function fieldsOf(value: Value): readonly (readonly [string, Value])[] {
  return value.kind === 'object' ? [...value.fields] : [];
}

function objectOf(value: Value): ObjectValue {
  return value.kind === 'object' ? value : none;
}
