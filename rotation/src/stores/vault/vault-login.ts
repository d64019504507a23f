import { readFile } from 'node:fs/promises';

import { StoreError } from '../../store.js';
import { type VaultAccess, VaultApi } from './vault-api.js';

/** A login with a role and a JWT, as the auth methods `kubernetes` and `jwt` take it. */
export interface VaultLogin {
  readonly role: string;
  /** Path of the auth method. Default: `kubernetes`. */
  readonly mount?: string;
  /** File with the JWT. Default: the token of the pod's service account. */
  readonly tokenFile?: string;
}

const podToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * @returns a token of Vault.
 * @throws StoreError when the file cannot be read, or Vault refuses; it shows neither token.
 */
export async function vaultLogin(
  access: Omit<VaultAccess, 'token'>,
  { role, mount = 'kubernetes', tokenFile = podToken }: VaultLogin,
): Promise<string> {
  const name = `Vault auth/${mount}`;
  const jwt = await readFile(tokenFile, 'utf8').catch((cause: unknown) => {
    throw new StoreError(`${name}: ${tokenFile} cannot be read. Mount the token of a service account there.`, {
      cause,
    });
  });
  const api = new VaultApi(name, { ...access, token: '' });
  const { status, body, errors } = await api.ask('POST', `auth/${mount}/login`, { role, jwt: jwt.trim() });
  const token = (body as { auth?: { client_token?: unknown } }).auth?.client_token;
  if (status < 300 && typeof token === 'string') return token;
  throw new StoreError(
    `${name}: the role ${role} was refused: status ${status}${errors.length > 0 ? ` (${errors.join('; ')})` : ''}. See service account, namespace and audience of that role.`,
  );
}
