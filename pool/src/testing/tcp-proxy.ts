import { createServer, connect, type Socket } from 'node:net';

/** Stands between pool and server: counts open connections exactly, holds new ones up, and cuts them. */
export interface TcpProxy {
  readonly port: number;
  /** The most connections that were open at once since the last reset. */
  peak: number;
  readonly open: number;
  /** What clients of connections opened from now on send is kept back until `let()`. */
  hold(): void;
  let(): void;
  /** Lets connections opened from now on through; what is held stays held. */
  pass(): void;
  /** Cuts every connection without a word. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(to: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const held = new Set<() => void>();
  let holding = false;
  let open = 0;
  const server = createServer((client) => {
    open += 1;
    proxy.peak = Math.max(proxy.peak, open);
    const upstream = connect(to);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    const start = (): void => void client.pipe(upstream);
    if (holding) held.add(start);
    else start();
    upstream.pipe(client);
    client.on('close', () => {
      sockets.delete(client);
      upstream.destroy();
    });
    upstream.on('close', () => {
      open -= 1;
      sockets.delete(upstream);
      client.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy: TcpProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    peak: 0,
    get open() {
      return open;
    },
    hold: () => void (holding = true),
    pass: () => void (holding = false),
    let() {
      holding = false;
      for (const start of held) start();
      held.clear();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
