import { CredentialSourceError } from '../errors.js';

/** How an application reaches Vault or OpenBao. */
export interface VaultAccess {
  /** Such as `https://vault.internal:8200`. */
  readonly address: string;
  /** Sent as `X-Vault-Token`; a function is called when a token is needed. */
  readonly token: string | (() => string | Promise<string>);
  readonly namespace?: string;
}

/** Vault answered, and said no. */
export class VaultRefused extends CredentialSourceError {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** One request to the API. */
export interface VaultRequest {
  readonly path: string;
  readonly token: string;
  /** Sent as JSON with PUT; without it, GET. */
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  /** What is asked for, for the error. */
  readonly name: string;
  /** What to do about a status, for the error. */
  readonly hints?: Readonly<Record<number, string>>;
}

/**
 * Asks Vault.
 *
 * @throws VaultRefused with the status, and CredentialSourceError when it does not answer; neither shows a token or what came back.
 */
export async function vaultRequest(
  { address, namespace }: Pick<VaultAccess, 'address' | 'namespace'>,
  { path, token, body, signal, name, hints = {} }: VaultRequest,
): Promise<unknown> {
  const response = await fetch(`${address.replace(/\/$/, '')}/v1/${path}`, {
    method: body ? 'PUT' : 'GET',
    headers: {
      'X-Vault-Request': 'true',
      'X-Vault-Token': token,
      ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    throw new CredentialSourceError(`${name}: ${address} does not answer.`, { cause });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new VaultRefused(
      `${name} cannot be read: status ${response.status}.${hints[response.status] ?? ''}`,
      response.status,
    );
  }
  const text = await response.text();
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

/** The token now. */
export async function tokenOf({ token }: VaultAccess): Promise<string> {
  return typeof token === 'string' ? token : await token();
}
