import { at, text, valueOf, type Resource, type Value } from '@keyturn/resources';
import { select, type Path } from './paths.js';
import { isOfType } from './policy.js';

/** Where a type takes variables of what runs: a list of `name` and `value`, or an object of name → value. */
interface EnvironmentInput {
  readonly types: readonly string[];
  readonly list?: readonly string[];
  readonly map?: readonly string[];
  /** The property that holds the rest as JSON text. */
  readonly json?: string;
}

const table: readonly EnvironmentInput[] = [
  { types: ['aws:lambda/function:Function', 'aws-native:lambda:Function'], map: ['environment.variables'] },
  {
    types: ['aws:ecs/taskDefinition:TaskDefinition', 'aws-native:ecs:TaskDefinition'],
    json: 'containerDefinitions',
    list: ['*.environment.*'],
  },
  { types: ['aws:batch/jobDefinition:JobDefinition'], json: 'containerProperties', list: ['environment.*'] },
  { types: ['aws:codebuild/project:Project'], list: ['environment.environmentVariables.*'] },
  {
    types: ['aws:apprunner/service:Service'],
    map: [
      'sourceConfiguration.imageRepository.imageConfiguration.runtimeEnvironmentVariables',
      'sourceConfiguration.codeRepository.codeConfiguration.codeConfigurationValues.runtimeEnvironmentVariables',
    ],
  },
  { types: ['aws:amplify/app:App', 'aws:amplify/branch:Branch'], map: ['environmentVariables'] },
  { types: ['aws:glue/job:Job'], map: ['defaultArguments'] },
  { types: ['azure-native:containerinstance*:ContainerGroup'], list: ['containers.*.environmentVariables.*'] },
  { types: ['azure-native:web*:WebApp'], list: ['siteConfig.appSettings.*'] },
  { types: ['azure-native:app*:ContainerApp'], list: ['template.containers.*.env.*'] },
  {
    types: [
      'azure:appservice/linuxWebApp:LinuxWebApp',
      'azure:appservice/windowsWebApp:WindowsWebApp',
      'azure:appservice/linuxFunctionApp:LinuxFunctionApp',
      'azure:appservice/windowsFunctionApp:WindowsFunctionApp',
    ],
    map: ['appSettings'],
  },
  { types: ['command:local:Command', 'command:remote:Command'], map: ['environment'] },
  { types: ['docker:compose:Service'], map: ['environment', 'build.args'] },
  { types: ['ci:pipeline:Scope'], map: ['env', 'variables', 'container.env'] },
  { types: ['gcp:cloudrunv2/service:Service'], list: ['template.containers.*.envs.*'] },
  { types: ['gcp:cloudrun/service:Service'], list: ['template.spec.containers.*.envs.*'] },
  { types: ['gcp:cloudfunctions/function:Function'], map: ['environmentVariables'] },
  { types: ['gcp:cloudfunctionsv2/function:Function'], map: ['serviceConfig.environmentVariables'] },
];

/** A variable of what runs. Its value is unknown where the whole list is. */
export interface EnvironmentEntry {
  readonly name: string | undefined;
  readonly value: Value;
  readonly path: Path;
}

/** The variables that a resource gives to what it runs. */
export function* environmentOf(resource: Resource): Generator<EnvironmentEntry> {
  for (const { types, list = [], map = [], json } of table) {
    if (!isOfType(resource.type, types)) continue;
    const root = json === undefined ? resource.properties : parsed(at(resource.properties, json));
    const start = json === undefined ? [] : [json];
    for (const pattern of list) {
      for (const { path, value } of select(root, pattern.split('.'), start)) {
        const name = value.kind === 'unknown' ? value : named(value, 'name');
        if (name.kind === 'unknown') yield { name: undefined, value: name, path };
        else yield { name: text(name), value: named(value, 'value'), path: [...path, 'value'] };
      }
    }
    for (const pattern of map) {
      for (const { path, value } of select(root, pattern.split('.'), start)) {
        if (value.kind === 'unknown') yield { name: undefined, value, path };
        if (value.kind !== 'object') continue;
        for (const [name, entry] of value.fields) yield { name, value: entry, path: [...path, name] };
      }
    }
  }
}

/** JSON in a text, with the marks of the text. What is no JSON has no variables that could be told apart. */
function parsed(value: Value): Value {
  const written = text(value);
  if (value.kind === 'absent' || written === undefined) return value;
  const { secret, provenance, place } = value;
  try {
    return valueOf(JSON.parse(written), { secret, provenance, ...(place ? { place } : {}) });
  } catch {
    return valueOf(undefined);
  }
}

/** ECS and Batch take `name` and `Name`. */
function named(entry: Value, key: string): Value {
  const lower = at(entry, key);
  return lower.kind === 'absent' ? at(entry, key.charAt(0).toUpperCase() + key.slice(1)) : lower;
}
