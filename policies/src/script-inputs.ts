import { text, type KnownValue, type Resource, type Value } from '@keyturn/resources';
import { isCredentialName, isCredentialText, isPlaceholder, isReference } from './credential-names.js';
import { select, type Path } from './paths.js';
import { isOfType } from './policy.js';

/** Where a type takes a script, or a document that something runs. */
interface ScriptInput {
  readonly types: readonly string[];
  readonly paths: readonly string[];
}

const table: readonly ScriptInput[] = [
  {
    types: [
      'aws:ec2/instance:Instance',
      'aws:ec2/launchTemplate:LaunchTemplate',
      'aws:ec2/launchConfiguration:LaunchConfiguration',
      'aws:ec2/spotInstanceRequest:SpotInstanceRequest',
    ],
    paths: ['userData', 'userDataBase64'],
  },
  { types: ['aws-native:ec2:Instance'], paths: ['userData'] },
  { types: ['aws-native:ec2:LaunchTemplate'], paths: ['launchTemplateData.userData'] },
  { types: ['aws:ssm/document:Document'], paths: ['content'] },
  { types: ['aws:sfn/stateMachine:StateMachine'], paths: ['definition'] },
  { types: ['gcp:compute/instance:Instance'], paths: ['metadataStartupScript', 'metadata.*'] },
  { types: ['azure-native:compute*:VirtualMachine'], paths: ['osProfile.customData'] },
  {
    types: [
      'azure:compute/linuxVirtualMachine:LinuxVirtualMachine',
      'azure:compute/windowsVirtualMachine:WindowsVirtualMachine',
    ],
    paths: ['customData', 'userData'],
  },
];

/** A script with a credential in it. */
export interface ScriptCredential {
  readonly path: Path;
  readonly value: KnownValue;
  /** What it is assigned to; left out where the text alone says what it is. */
  readonly name?: string;
}

/** The scripts of a resource that give something a credential that stands in them: the first one of each script. */
export function* credentialsInScripts(resource: Resource): Generator<ScriptCredential> {
  for (const { types, paths } of table) {
    if (!isOfType(resource.type, types)) continue;
    for (const pattern of paths) {
      for (const { path, value } of select(resource.properties, pattern.split('.'))) {
        const written = scriptOf(value);
        if (written === undefined || value.kind !== 'known') continue;
        const name = assignedIn(written);
        if (name !== undefined) yield { path, value, name };
        else if (written.split(/[\s"'`=,]+/).some(isCredentialText)) yield { path, value };
      }
    }
  }
}

/** Scripts that stand in the program or beside it. */
function scriptOf(value: Value): string | undefined {
  const written = text(value);
  if (value.kind !== 'known' || written === undefined) return undefined;
  if (value.provenance.kind !== 'literal' && value.provenance.kind !== 'file') return undefined;
  const compact = written.replace(/\s+/g, '');
  return compact.length >= 16 && compact.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(compact)
    ? Buffer.from(compact, 'base64').toString('utf8')
    : written;
}

/** `export DB_PASSWORD='…'` of a shell, `"Password": "…"` of JSON, `password: …` of YAML. */
const assignments =
  /(?:^|[\s;&{,])(?:export\s+|setx?\s+)?\\?["']?(?<name>[A-Za-z_][\w.-]*)\\?["']?\s{0,3}(?:=|:(?=\s|\\?"))\s{0,3}(?<value>\\?"[^"\\\n]*|'[^'\n]*|[^\s;&|"',}]+)/g;

function assignedIn(script: string): string | undefined {
  for (const { groups } of script.matchAll(assignments)) {
    const { name = '', value = '' } = groups ?? {};
    const bare = value.replace(/^\\?["']/, '');
    if (isCredentialName(name) && isWritten(bare)) return name;
  }
  return undefined;
}

function isWritten(value: string): boolean {
  return (
    value.length >= 4 &&
    !/[$`<>(]|^%|^(?:true|false|null|none|string|\d+)$/i.test(value) &&
    !isPlaceholder(value) &&
    !isReference(value)
  );
}
