import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import type postgres from 'postgres';

/** Where and how a connection is opened; what the driver calls its parsed options. */
export type Target = Pick<
  postgres.ParsedOptions,
  'host' | 'port' | 'path' | 'ssl' | 'connect_timeout' | 'keep_alive'
> & { readonly sslnegotiation?: string | null };

/** Asks a PostgreSQL server to speak TLS: length 8, code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * Opens what the driver would open by itself, TLS included. `raw` is the socket below TLS.
 *
 * @throws Error of the network, or when the server has no TLS and it was asked for.
 */
export async function openSocket(
  target: Target,
  attempt: number,
  onRaw: (socket: net.Socket) => void,
): Promise<net.Socket> {
  const at = attempt % target.host.length;
  const host = target.host[at] ?? 'localhost';
  const raw = target.path ? net.connect(target.path) : net.connect(target.port[at] ?? 5432, host);
  onRaw(raw);
  const seconds = target.connect_timeout;
  const timer = setTimeout(
    () => raw.destroy(Object.assign(new Error(`connect CONNECT_TIMEOUT ${host}`), { code: 'CONNECT_TIMEOUT' })),
    (seconds > 0 ? seconds : 30) * 1_000,
  );
  try {
    await once(raw, 'connect');
    return target.ssl ? await secured(raw, host, target) : raw;
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function secured(raw: net.Socket, host: string, { ssl, sslnegotiation }: Target): Promise<net.Socket> {
  if (sslnegotiation !== 'direct') {
    raw.write(sslRequest);
    const [answer] = (await once(raw, 'data')) as [Buffer];
    if (answer[0] !== 0x53) {
      if (ssl === 'prefer') return raw;
      throw new Error(`The server at ${host} does not speak TLS, and \`ssl\` asks for it.`);
    }
  }
  const socket = tls.connect({
    socket: raw,
    ...(net.isIP(host) ? {} : { servername: host }),
    ...(sslnegotiation === 'direct' ? { ALPNProtocols: ['postgresql'] } : {}),
    ...(ssl === 'require' || ssl === 'allow' || ssl === 'prefer' ? { rejectUnauthorized: false } : {}),
    ...(typeof ssl === 'object' ? ssl : {}),
  });
  await once(socket, 'secureConnect');
  return socket;
}
