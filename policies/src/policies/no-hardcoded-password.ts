import {
  at,
  items,
  leaves,
  text,
  type Fallback,
  type KnownValue,
  type Resource,
  type UnknownValue,
  type Value,
} from '@keyturn/resources';
import {
  isCredentialName,
  isCredentialText,
  isIssuedKey,
  isPasswordName,
  isPlaceholder,
  isReference,
} from '../credential-names.js';
import { isCredentialEntry, needsType } from '../kubernetes/secret-entries.js';
import { containersOf, podTemplateOf, workloadTypes } from '../kubernetes/workload.js';
import { environmentOf } from '../environment-inputs.js';
import { formatPath, placeOf, select, type Path } from '../paths.js';
import { definePolicy, isOfType, notApplicable, type Result } from '../policy.js';
import { credentialsInScripts, type ScriptCredential } from '../script-inputs.js';
import { sensitivePathsOf } from '../sensitive-inputs.js';
import { runsBesideServices, throwAwayBecause } from '../throw-away.js';

const kubernetesSecret = 'kubernetes:core/v1:Secret';
const configMap = 'kubernetes:core/v1:ConfigMap';
const variable = 'file:env:Variable';
const service = 'docker:compose:Service';
/** What our own readers make of files; its fields are judged one by one. */
const filesOfOurs = ['file:*:*', 'ci:*:*', 'shell:*:*', 'docker:compose:*'];
const charts = ['kubernetes:helm.sh/*:Release', 'kubernetes:helm.sh/*:Chart'];

export const noHardcodedPassword = definePolicy({
  facts: {
    id: 'no-hardcoded-password',
    summary: 'Disallow passwords that are written in the program, manifest or file',
    severity: 'critical',
    breaks:
      'The next rotation needs a change of source code, and a deployment of an older commit brings the withdrawn password back.',
    fix: 'Take it from a secret store, or let a component create it.',
    controls: ['PCI DSS v4.0.1 8.3.2', 'PCI DSS v4.0.1 8.6.3'],
    equivalents: [
      'CKV_SECRET_6',
      'RDS_MASTER_USER_PASSWORD_NO_PLAINTEXT_PASSWORD',
      'CKV_AWS_45',
      'CKV_AWS_46',
      'env-var-secret',
    ],
    component: 'DualUserDatabaseRole',
  },
  types: ['*:*:*'],
  needs: 'graph',
  check({ resource }) {
    if (runsBesideServices(resource)) return notApplicable('the database ends with the job that fills it');
    if (resource.type === kubernetesSecret) return checkKubernetesSecret(resource);
    if (resource.type === configMap) return checkEntries(resource, at(resource.properties, 'data'), ['data']);
    if (resource.type === variable) return checkVariable(resource);
    if (isOfType(resource.type, workloadTypes)) return checkContainers(resource);
    if (isOfType(resource.type, charts)) return checkChart(resource);
    const variables = [...environmentOf(resource)].flatMap(({ name, value, path }) =>
      name === undefined
        ? value.kind === 'unknown' && value.provenance.kind === 'unknown'
          ? [hidden(resource, path)]
          : []
        : judgeEntry(resource, name, value, path).map((result) => {
            const because = result.is === 'fail' ? throwAwayBecause(resource, name, value) : undefined;
            return because === undefined
              ? result
              : notApplicable(`\`${formatPath(path)}\` of ${resource.name} ${because}`);
          }),
    );
    const properties = sensitivePathsOf(resource).flatMap((pattern) =>
      [...select(resource.properties, pattern)].flatMap(({ path, value }) => judge(resource, path, value)),
    );
    const scripts = [...credentialsInScripts(resource)].map((each) => inScript(resource, each));
    const told = [...variables, ...properties, ...scripts];
    if (resource.type === service) return [...told, ...checkService(resource)];
    const judged = new Set(told.map((result) => ('property' in result ? result.property : undefined)));
    return [...told, ...checkNamed(resource).filter(({ property }) => !judged.has(property))];
  },
});

/** What stands there is about the resource, under names that anybody may choose. */
const marks = /^(annotations|labels|tags)$/;

type Said = Extract<Result, { readonly is: 'fail' | 'undecided' }>;

/** Properties of types that no table has: only what is named a password is one. */
function checkNamed(resource: Resource): readonly Said[] {
  if (!resource.custom || isOfType(resource.type, filesOfOurs)) return [];
  return [...leaves(resource.properties)].flatMap(({ path, value }) => {
    const name = String(path.at(-1));
    if (!isPasswordName(name) || path.some((part) => marks.test(String(part)))) return [];
    if (value.kind === 'known' && /\s/.test(text(value) ?? '')) return [];
    return judgeEntry(resource, name.replace(/_?wo$/i, ''), value, path);
  });
}

/** A property that takes a credential by its provider's schema: every leaf of it is one. */
function judge(resource: Resource, path: Path, value: Value): readonly Result[] {
  if (value.kind === 'absent') return [];
  const results: Result[] = [];
  for (const leaf of leaves(value, path)) {
    if (leaf.value.kind === 'unknown') {
      const { fallback, provenance } = leaf.value;
      if (provenance.kind === 'unknown') results.push(hidden(resource, leaf.path));
      else if (fallback && !isPlaceholder(fallback.text)) results.push(fallsBack(resource, leaf.path, leaf.value));
    } else if (isOfUnknownOrigin(leaf.value)) {
      if (isWholeLiteral(resource, leaf.path, leaf.value)) results.push(notTold(resource, leaf.path));
    } else if (isWrittenOut(leaf.value) && isWholeLiteral(resource, leaf.path, leaf.value)) {
      results.push(found(resource, leaf.path, leaf.value));
    }
  }
  return results;
}

/** A structured secret (`{"username": …, "password": …}`) is one only when an entry that is named like a credential is written out. */
function isWholeLiteral(resource: Resource, path: Path, value: KnownValue): boolean {
  const written = text(value) ?? '';
  if (
    !/(secret(String|StringWo|Data|DataWo)|dataJson(Wo)?)$/.test(String(path.at(-1))) ||
    !written.trimStart().startsWith('{')
  )
    return true;
  try {
    const entries: unknown = JSON.parse(written);
    return Object.entries(entries ?? {}).some(
      ([key, entry]) =>
        isCredentialName(key) &&
        typeof entry === 'string' &&
        entry !== '' &&
        !isPlaceholder(entry) &&
        !isReference(entry),
    );
  } catch {
    return true;
  }
}

function checkContainers(resource: Resource): readonly Result[] {
  const results: Result[] = [];
  const template = podTemplateOf(resource);
  for (const { path, value } of select(template.spec, ['containers', '*', 'env', '*', 'name'], template.specPath)) {
    if (value.kind === 'unknown' && value.provenance.kind === 'unknown') results.push(hidden(resource, path));
  }
  for (const container of containersOf(template)) {
    for (const [index, entry] of items(at(container.value, 'env')).entries()) {
      const name = text(at(entry, 'name'));
      const value = at(entry, 'value');
      const path = [...container.path, 'env', index, 'value'];
      if (name !== undefined) results.push(...judgeEntry(resource, name, value, path));
    }
  }
  return results;
}

function checkEntries(resource: Resource, entries: Value, path: Path): readonly Result[] {
  if (entries.kind === 'unknown') return entries.provenance.kind === 'unknown' ? [hidden(resource, path)] : [];
  if (entries.kind !== 'object') return [];
  return [...entries.fields].flatMap(([name, value]) => judgeEntry(resource, name, value, [...path, name]));
}

/** An entry without a schema: its name says whether it is a credential, or its text does. */
function judgeEntry(resource: Resource, name: string, value: Value, path: Path): readonly Said[] {
  if ((value.kind === 'known' || value.kind === 'unknown') && value.fallback) {
    const written = text(value);
    if (value.kind === 'known' && written !== undefined && isCredentialText(written)) return say(resource, path, value);
    if (isCredential(name, value.fallback.text) || hasCredential(value.fallback))
      return [fallsBack(resource, path, value)];
  }
  if (value.kind === 'unknown') {
    return value.provenance.kind === 'unknown' && isCredentialName(name) ? [hidden(resource, path)] : [];
  }
  const written = text(value);
  return value.kind === 'known' && written !== undefined && isCredential(name, written)
    ? say(resource, path, value)
    : [];
}

function isCredential(name: string, written: string): boolean {
  if (isCredentialText(written)) return true;
  if (!isCredentialName(name) || isPlaceholder(written) || isReference(written)) return false;
  return !/^(true|false|yes|no|\d{1,3})$/i.test(written);
}

/** Whether a variable that is named like a credential has a default that is written out. */
function hasCredential({ variables }: Fallback): boolean {
  return variables.some((each) => isCredential(each.name, each.text));
}

/** Commands and the like have no names of their own: only the variables in them do. */
function checkService(resource: Resource): readonly Result[] {
  return [...leaves(resource.properties)].flatMap(({ path, value }) => {
    const isEntry = path[0] === 'environment' || (path[0] === 'build' && path[1] === 'args');
    return !isEntry && value.fallback && hasCredential(value.fallback) ? [fallsBack(resource, path, value)] : [];
  });
}

/** A line of a `.env` file. In a file that shows what to write, only a key that somebody issued is no example. */
function checkVariable(resource: Resource): readonly Result[] {
  const value = at(resource.properties, 'value');
  const example = at(resource.properties, 'example');
  const isExample = example.kind === 'known' && example.value === true;
  if (isExample && !isIssuedKey(writtenIn(value) ?? '')) return [];
  const { fallback } = value.kind === 'known' || value.kind === 'unknown' ? value : {};
  const message = fallback
    ? `What \`${resource.name}\` falls back to is written out in the file.`
    : `\`${resource.name}\` is written out in the file.`;
  return judgeEntry(resource, resource.name, value, ['value']).map((result) =>
    result.is === 'fail' ? { ...result, message } : result,
  );
}

/** Values of a chart have no schema that is seen: only what is named a password is one. Names and keys of Secrets are not meant. */
function checkChart(resource: Resource): readonly Result[] {
  return [...leaves(at(resource.properties, 'values'), ['values'])].flatMap(({ path, value }) => {
    const name = String(path.at(-1));
    if (value.kind === 'unknown' && value.provenance.kind === 'unknown') return [hidden(resource, path)];
    return isPasswordName(name) ? judgeEntry(resource, name, value, path) : [];
  });
}

function checkKubernetesSecret(resource: Resource): readonly Result[] {
  const results: Result[] = [];
  for (const key of ['stringData', 'data'] as const) {
    const entries = at(resource.properties, key);
    if (entries.kind === 'unknown' && entries.provenance.kind === 'unknown') results.push(hidden(resource, [key]));
    if (entries.kind !== 'object') continue;
    for (const [name, value] of entries.fields) {
      const path = [key, name];
      if (value.kind === 'unknown') {
        // A chart encodes what it fills in, so its default is written in the clear.
        results.push(...judgeEntry(resource, name, value, path));
        continue;
      }
      const written = writtenIn(value);
      if (value.kind !== 'known' || written === undefined || isPlaceholder(written)) continue;
      const decoded = key === 'data' ? decode(written) : written;
      if (decoded === undefined || isPlaceholder(decoded) || isReference(decoded)) continue;
      if (!isCredentialName(name) && !isCredentialText(decoded) && !isCredentialEntry(resource, name, decoded)) {
        if (needsType(resource, name)) results.push(hidden(resource, path));
        continue;
      }
      results.push(...(value.fallback ? [fallsBack(resource, path, value)] : say(resource, path, value)));
    }
  }
  return results;
}

/** The text of a known string, or what it falls back to. */
function writtenIn(value: Value): string | undefined {
  return value.kind === 'known' || value.kind === 'unknown' ? (value.fallback?.text ?? text(value)) : undefined;
}

function decode(base64: string): string | undefined {
  const compact = base64.replace(/\s+/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(compact) ? Buffer.from(compact, 'base64').toString('utf8') : undefined;
}

function isWrittenOut(value: KnownValue): boolean {
  return value.provenance.kind === 'literal' && isWrittenText(value);
}

/** Readers that see no source know a value, and not where it comes from. */
function isOfUnknownOrigin(value: KnownValue): boolean {
  return value.provenance.kind === 'unknown' && isWrittenText(value);
}

/** Beside what is filled in later, a URL may still hold a password. */
function isWrittenText({ value }: KnownValue): boolean {
  return typeof value === 'string' && (!isPlaceholder(value) || isCredentialText(value));
}

function say(resource: Resource, path: Path, value: KnownValue): readonly Said[] {
  if (isOfUnknownOrigin(value)) return [notTold(resource, path)];
  return isWrittenOut(value) ? [found(resource, path, value)] : [];
}

function notTold(resource: Resource, path: Path): Said {
  return {
    is: 'undecided',
    because: `\`${formatPath(path)}\` of ${resource.name} may be written in the program, or a function may give it; run \`keyturn check\` on the program to tell`,
    property: formatPath(path),
  };
}

function found(resource: Resource, path: Path, value: Value): Said {
  const place = placeOf(value);
  return {
    is: 'fail',
    message: `\`${formatPath(path)}\` of ${resource.name} is written out in the source.`,
    property: formatPath(path),
    ...(place ? { place } : {}),
  };
}

function fallsBack(resource: Resource, path: Path, value: KnownValue | UnknownValue): Said {
  const place = placeOf(value);
  const unset = value.fallback?.variables.map(({ name }) => name).join(', ') ?? '';
  return {
    is: 'fail',
    message: `What \`${formatPath(path)}\` of ${resource.name} falls back to where nothing sets ${unset} is written out in the source.`,
    property: formatPath(path),
    ...(place ? { place } : {}),
  };
}

function inScript(resource: Resource, { path, value, name }: ScriptCredential): Result {
  const place = placeOf(value);
  const what = name === undefined ? 'a credential' : `what it gives \`${name}\``;
  return {
    is: 'fail',
    message: `In \`${formatPath(path)}\` of ${resource.name}, ${what} is written out in the source.`,
    property: formatPath(path),
    ...(place ? { place } : {}),
  };
}

function hidden(resource: Resource, path: Path): Said {
  return {
    is: 'undecided',
    because: `where \`${formatPath(path)}\` of ${resource.name} comes from is not known before the deployment`,
    property: formatPath(path),
  };
}
