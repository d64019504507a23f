import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { countChanges } from './from-function.js';
import { credentialIn } from './json-secret.js';
import { poll } from './poll.js';

/** What is used of the `SecretClient` of `@azure/keyvault-secrets`. */
export interface KeyVaultClient {
  getSecret(
    name: string,
    options?: { readonly version?: string; readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly value?: string | undefined }>;
  listPropertiesOfSecretVersions(name: string): AsyncIterable<{
    readonly version?: string | undefined;
    readonly enabled?: boolean | undefined;
    readonly createdOn?: Date | undefined;
  }>;
}

export interface AzureKeyVaultOptions {
  /** A `SecretClient` of `@azure/keyvault-secrets`, with vault and identity of the application; it needs get, and list for the fallback. */
  readonly client: KeyVaultClient;
  /** Name of the secret. */
  readonly name: string;
  /** How often the secret is read without a cause, in milliseconds, jittered by a tenth. Default: 60 000. */
  readonly pollMillis?: number;
}

/**
 * A credential source from Azure Key Vault: `username`, `password` and, when there is one, `generation` of the JSON in the newest version. The
 * enabled version before it is the fallback.
 */
export function azureKeyVault({ client, name, pollMillis = 60_000 }: AzureKeyVaultOptions): CredentialSource {
  const numbered = countChanges();
  const value = async (signal: AbortSignal | undefined, version?: string): Promise<string | undefined> => {
    const options = {
      ...(version === undefined ? {} : { version }),
      ...(signal ? { abortSignal: signal } : {}),
    };
    try {
      return (await client.getSecret(name, options)).value;
    } catch (cause) {
      throw unreadable(name, cause);
    }
  };
  return {
    read: async (signal) => numbered(credentialIn(await value(signal), name)),
    async readPrevious(signal) {
      const version = await versionBefore(client, name);
      if (version === undefined) return undefined;
      const { generation = 0, ...previous } = credentialIn(await value(signal, version), name);
      return { ...previous, generation };
    },
    watch: (onChange) => poll(pollMillis, onChange),
  };
}

/** Key Vault lists versions in no order, with times in whole seconds. */
async function versionBefore(client: KeyVaultClient, name: string): Promise<string | undefined> {
  const enabled: { version: string; at: number }[] = [];
  try {
    for await (const { version, enabled: on, createdOn } of client.listPropertiesOfSecretVersions(name)) {
      if (on !== false && version !== undefined) enabled.push({ version, at: createdOn?.getTime() ?? 0 });
    }
  } catch (cause) {
    throw unreadable(name, cause);
  }
  return enabled.sort((one, other) => other.at - one.at)[1]?.version;
}

function unreadable(name: string, cause: unknown): CredentialSourceError {
  const { statusCode, code } = cause as { statusCode?: unknown; code?: unknown };
  const what = typeof statusCode === 'number' ? `status ${statusCode}` : String(code ?? 'no answer');
  return new CredentialSourceError(
    `Secret ${name} cannot be read from Key Vault: ${what}. Check its name, and that the identity may get and list secrets.`,
    { cause },
  );
}
