import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { countChanges } from './from-function.js';
import { credentialIn } from './json-secret.js';
import { poll } from './poll.js';

/** What is used of the `SecretManagerServiceClient` of `@google-cloud/secret-manager`. */
export interface GcpSecretManagerClient {
  accessSecretVersion(request: { name: string }): Promise<readonly [GcpSecretVersion, ...unknown[]]>;
}

/** The answer to `accessSecretVersion`. */
export interface GcpSecretVersion {
  /** `projects/<number>/secrets/<secret>/versions/<number>`, also where `latest` was asked for. */
  readonly name?: string | null;
  readonly payload?: { readonly data?: Uint8Array | string | null } | null;
}

export interface GcpSecretManagerOptions {
  /** A `SecretManagerServiceClient` with the identity of the application; it needs the role Secret Manager Secret Accessor. */
  readonly client: GcpSecretManagerClient;
  /** `projects/<project>/secrets/<secret>`. */
  readonly secret: string;
  /** How often the secret is read without a cause, in milliseconds, jittered by a tenth. Default: 60 000. */
  readonly pollMillis?: number;
}

/**
 * A credential source from GCP Secret Manager: `username`, `password` and, when there is one, `generation` of the JSON in the version `latest`.
 * Without a generation, the number of the version is one. The version before it is the fallback.
 *
 * @throws TypeError when `secret` is not the resource name of a secret.
 */
export function gcpSecretManager({ client, secret, pollMillis = 60_000 }: GcpSecretManagerOptions): CredentialSource {
  if (!/^projects\/[^/]+\/secrets\/[^/]+$/.test(secret)) {
    throw new TypeError(`secret must be projects/<project>/secrets/<secret>, got ${secret}.`);
  }
  const numbered = countChanges();
  const access = async (version: string): Promise<{ text: string | undefined; number: number | undefined }> => {
    try {
      const [{ name, payload }] = await client.accessSecretVersion({ name: `${secret}/versions/${version}` });
      const data = payload?.data ?? undefined;
      const number = /\/versions\/(\d+)$/.exec(name ?? '')?.[1];
      return {
        text: typeof data === 'object' ? Buffer.from(data).toString('utf8') : data,
        number: number === undefined ? undefined : Number(number),
      };
    } catch (cause) {
      throw unreadable(secret, version, cause);
    }
  };
  return {
    async read() {
      const { text, number } = await access('latest');
      return numbered({ ...(number === undefined ? {} : { generation: number }), ...credentialIn(text, secret) });
    },
    async readPrevious() {
      const { number = 0 } = await access('latest');
      if (number < 2) return undefined;
      const { text } = await access(String(number - 1));
      return { generation: number - 1, ...credentialIn(text, secret) };
    },
    watch: (onChange) => poll(pollMillis, onChange),
  };
}

function unreadable(secret: string, version: string, cause: unknown): CredentialSourceError {
  const { code } = cause as { code?: unknown };
  return new CredentialSourceError(
    `Version ${version} of ${secret} cannot be read: ${code === undefined ? 'no answer' : `code ${String(code)}`}. Check the name, and that the identity may access its versions.`,
    { cause },
  );
}
