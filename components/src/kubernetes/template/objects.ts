import { goTemplate, type Piece } from '../../config-template/template.js';
import { goDuration } from '../refresh-interval.js';
import type { DeliveryObject } from '../synced/delivery.js';
import { type ByExternalSecrets, externalSecret } from '../synced/external-secrets.js';
import type { ByVaultAgent } from '../synced/vault-agent.js';
import { type ByVaultSecretsOperator, vaultStaticSecret } from '../synced/vault-secrets-operator.js';

/** Name of a file → what is rendered into it. */
export type Files = Readonly<Record<string, readonly Piece[]>>;

/** Where each of them keeps a key of the credential, in Go. */
const inExternalSecrets = (key: string): string => `.${key}`;
const inVaultSecretsOperator = (key: string): string => `.Secrets.${key}`;
const inVaultAgent = (key: string): string => `.Data.data.${key}`;

/** The Secret holds the rendered files, and nothing else of the credential. */
export function renderedSecret(
  by: ByExternalSecrets | ByVaultSecretsOperator,
  files: Files,
  secretName: string,
  refreshMs: number,
  annotations: Readonly<Record<string, string>>,
): DeliveryObject {
  if (by.kind === 'external-secrets') {
    const object = externalSecret(by, secretName, refreshMs, false, annotations);
    const target = object.spec['target'] as object;
    const data = rendered(files, inExternalSecrets);
    const template = { engineVersion: 'v2', mergePolicy: 'Replace', metadata: { annotations }, data };
    return { ...object, spec: { ...object.spec, target: { ...target, template } } };
  }
  const object = vaultStaticSecret(by, secretName, refreshMs, false, annotations);
  const texts = Object.entries(rendered(files, inVaultSecretsOperator));
  const templates = Object.fromEntries(texts.map(([name, text]) => [name, { name, text }]));
  const destination = object.spec['destination'] as object;
  const transformation = { excludeRaw: true, excludes: ['.*'], templates };
  return { ...object, spec: { ...object.spec, destination: { ...destination, transformation } } };
}

/** The annotations by which the injector's agent renders each file below `/vault/secrets`, and runs the command after a change. */
export function renderedAnnotations(
  by: ByVaultAgent,
  files: Files,
  refreshMs: number,
  command: string | undefined,
): Readonly<Record<string, string>> {
  const prefix = 'vault.hashicorp.com';
  const at = `${by.mount ?? 'secret'}/data/${by.path}`;
  const each = Object.entries(rendered(files, inVaultAgent)).flatMap(([name, text]) => [
    [`${prefix}/agent-inject-secret-${name}`, at],
    [`${prefix}/agent-inject-template-${name}`, `{{ with secret "${at}" }}${text}{{ end }}`],
    ...(command === undefined ? [] : [[`${prefix}/agent-inject-command-${name}`, command]]),
  ]);
  return {
    [`${prefix}/agent-inject`]: 'true',
    [`${prefix}/role`]: by.role,
    [`${prefix}/template-static-secret-render-interval`]: goDuration(refreshMs),
    ...(Object.fromEntries(each) as Record<string, string>),
  };
}

function rendered(files: Files, at: (key: string) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([name, pieces]) => [name, goTemplate(pieces, at)]));
}
