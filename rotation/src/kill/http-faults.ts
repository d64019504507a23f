import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

import { forward, isChange, type Reply } from './http-tap.js';

/**
 * What can go wrong between a rotator and its store. `refused`: an answer with that status, nothing was done. `lost`: it was done, and no answer
 * comes. `cut`: it was done, and the connection is reset in the middle of the answer. `stale`: reads answer what they answered before the last
 * change.
 */
export type HttpFault =
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  | { readonly kind: 'lost' | 'cut' | 'stale' };

/** A request as it passed, for choosing one. */
export type Passed = 'read' | 'change';

/** A loopback proxy in front of a store that does what a bad network, or a store in trouble, does. */
export interface FaultProxy {
  readonly url: string;
  /** Requests since the last `disturb`, in order. */
  readonly passed: readonly Passed[];
  /** From now on the request of that number (from 0) meets the fault, and with `onwards` all after it; `undefined` lets everything pass. */
  disturb(fault: HttpFault | undefined, at?: number, onwards?: boolean): void;
  stop(): Promise<void>;
}

export async function faultProxy(target: string): Promise<FaultProxy> {
  const passed: Passed[] = [];
  let fault: HttpFault | undefined;
  let at = 0;
  let onwards = false;
  let answers = new Map<string, Reply>();
  let answersBefore = new Map<string, Reply>();

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const change = isChange(incoming);
    const number = passed.push(change ? 'change' : 'read') - 1;
    const met = number === at || (onwards && number > at) ? fault : undefined;
    if (met?.kind === 'refused') {
      outgoing.writeHead(met.status, met.headers).end(met.body ?? '');
      return;
    }
    const key = [incoming.method, incoming.url, incoming.headers['x-amz-target'], body.toString('utf8')].join(' ');
    const stale = met?.kind === 'stale' && !change ? answersBefore.get(key) : undefined;
    const reply = stale ?? (await forward(target, incoming, body));
    if (stale === undefined) {
      if (change) answersBefore = new Map(answers);
      else answers = new Map([...answers, [key, reply]]);
    }
    if (met?.kind === 'lost') return;
    if (met?.kind === 'cut') {
      outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body.length + 1) });
      outgoing.write(reply.body.subarray(0, Math.ceil(reply.body.length / 2)), () =>
        outgoing.socket?.resetAndDestroy(),
      );
      return;
    }
    outgoing.writeHead(reply.status, reply.headers).end(reply.body);
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    disturb(next, number = 0, all = false) {
      passed.length = 0;
      fault = next;
      at = number;
      onwards = all;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
