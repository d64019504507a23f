import { goDuration } from '../refresh-interval.js';

/** The Vault Agent injector is installed (HashiCorp's chart, or OpenBao's). */
export interface ByVaultAgent {
  readonly kind: 'vault-agent-injector';
  /** Required. Role of the Kubernetes auth method. */
  readonly role: string;
  /** Optional. Path of a KV engine of version 2. Default: `secret`. */
  readonly mount?: string;
  /** Required. The secret that keyturn writes. */
  readonly path: string;
  /** Optional. Run in the agent's container after each change, such as a signal to the app (`shareProcessNamespace`). Default: nothing. */
  readonly command?: string;
}

/** The annotations of the pod. The file is called `name`, below `/vault/secrets`. */
export function agentAnnotations(
  by: ByVaultAgent,
  name: string,
  refreshMs: number,
  previous: boolean,
): Readonly<Record<string, string>> {
  const prefix = 'vault.hashicorp.com';
  return {
    [`${prefix}/agent-inject`]: 'true',
    [`${prefix}/role`]: by.role,
    [`${prefix}/agent-inject-secret-${name}`]: `${by.mount ?? 'secret'}/data/${by.path}`,
    [`${prefix}/agent-inject-template-${name}`]: agentTemplate(by, previous),
    [`${prefix}/template-static-secret-render-interval`]: goDuration(refreshMs),
    ...(by.command === undefined ? {} : { [`${prefix}/agent-inject-command-${name}`]: by.command }),
  };
}

/** One file, so that user and password are swapped together. `DB_PREVIOUS_…` is there from the second version on. */
export function agentTemplate(
  { mount = 'secret', path }: Pick<ByVaultAgent, 'mount' | 'path'>,
  previous: boolean,
): string {
  const at = `${mount}/data/${path}`;
  const before =
    `{{ $version := printf "%v" .Data.metadata.version | parseInt }}{{ if gt $version 1 }}` +
    `{{ with secret (printf "${at}?version=%d" (subtract 1 $version)) }}${lines('DB_PREVIOUS_')}{{ end }}{{ end }}`;
  return `{{ with secret "${at}" }}${lines('DB_')}${previous ? before : ''}{{ end }}`;
}

const keys = [
  ['USER', 'username'],
  ['PASSWORD', 'password'],
  ['GENERATION', 'generation'],
] as const;

function lines(prefix: string): string {
  return keys.map(([variable, key]) => `${prefix}${variable}={{ .Data.data.${key} }}\n`).join('');
}
