import type { VaultConsumer } from './consumer.js';

/** `vault`: HashiCorp Vault 1.15 or later. `openbao`: OpenBao 2. */
export type VaultServer = 'vault' | 'openbao';

/** The server lacks something that was asked for; the message says what to use instead. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** @throws ServerError when OpenBao is asked for the AWS auth method, which it does not have. */
export function checkServer(server: VaultServer, consumers: readonly VaultConsumer[]): void {
  if (server === 'openbao' && consumers.some(({ kind }) => kind === 'aws')) {
    throw new ServerError('OpenBao has no AWS auth method. Let the workload log in with "jwt" or "kubernetes".');
  }
}
