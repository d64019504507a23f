import { connect, createServer, type Socket } from 'node:net';

import type { Credential } from '@keyturn/plan';

import { fingerprintOf, type Login, now } from '../evidence.js';
import { Owners } from './owners.js';
import type { ReadLogins } from './login-reader.js';
import { ProofReader } from './password-proof.js';

/** Stands between an application and its database, and sees who logs in with what, whatever language and driver that is. */
export interface LoginWire {
  readonly host: string;
  readonly port: number;
  /** A credential that somebody may use from now on. */
  learn(credential: Pick<Credential, 'user' | 'password'>): void;
  /** A process group whose connections are to be told. */
  started(group: number): void;
  /** Logins of a group so far, in order of time. */
  loginsOf(group: number): readonly Login[];
  stop(): Promise<void>;
}

interface Entry {
  readonly group: number;
  login: Login;
}

/**
 * @param read the protocol of the database
 * @param key of the fingerprints of the run
 */
export async function startLoginWire(
  { host, port: targetPort }: { readonly host: string; readonly port: number },
  read: ReadLogins,
  key: string,
): Promise<LoginWire> {
  const owners = new Owners();
  const proofs = new ProofReader();
  const passwords = new Set<string>();
  const entries: Entry[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => void accept(client));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  async function accept(client: Socket): Promise<void> {
    const begunAt = now();
    sockets.add(client);
    client.on('error', () => undefined);
    // Before anything is answered: whoever was refused is gone at once.
    const group = await owners.ownerOf(client.remotePort ?? 0, port);
    if (client.destroyed) return void sockets.delete(client);
    const upstream = connect({ host, port: targetPort, noDelay: true });
    let entry: Entry | undefined;
    const login = read((seen) => {
      if (!seen || group === undefined) return;
      const { user, proof, refused } = seen;
      const password = proof && (proofs.passwordOf(proof, passwords) ?? 'a password that was never issued');
      entry = {
        group,
        login: {
          user,
          begunAt,
          endedAt: now(),
          ...(password === undefined ? {} : { credential: fingerprintOf(key, user, password) }),
          ...(refused === undefined ? {} : { refused }),
        },
      };
      entries.push(entry);
    });
    join(client, upstream, (chunk) => login.fromClient(chunk));
    join(upstream, client, (chunk) => login.fromServer(chunk));
    client.once('close', () => {
      if (entry && entry.login.refused === undefined) entry.login = { ...entry.login, closedAt: now() };
    });
  }

  function join(from: Socket, to: Socket, look: (chunk: Buffer) => void): void {
    sockets.add(from);
    from.on('data', look);
    from.pipe(to);
    from.resume();
    from.on('error', () => to.destroy());
    from.once('close', () => {
      sockets.delete(from);
      to.destroySoon();
    });
  }

  return {
    host: '127.0.0.1',
    port,
    learn: ({ password }) => void passwords.add(password),
    started: (group) => owners.add(group),
    loginsOf: (group) => entries.filter((entry) => entry.group === group).map(({ login }) => login),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
