import http from 'node:http';
import type { AddressInfo } from 'node:net';

import { fingerprintOf, type Held, now } from '../evidence.js';
import type { Wire } from '../instance.js';
import { Owners } from './owners.js';

/** Stands between an application and a secret store that speaks HTTP, and sees who reads which credential. */
export interface HttpWire extends Wire {
  readonly url: string;
  /** How long every answer is held back, in milliseconds. */
  delayMs: number;
  readsOf(group: number): readonly Held[];
  stop(): Promise<void>;
}

/** A user and password, where an answer of the store holds one. */
export type FindCredential = (answer: unknown) => { readonly user: string; readonly password: string } | undefined;

/**
 * @param target URL of the store
 * @param key of the fingerprints of the run
 */
export async function startHttpWire(target: string, key: string, find: FindCredential): Promise<HttpWire> {
  const owners = new Owners();
  const reads: (Held & { readonly group: number })[] = [];
  const server = http.createServer((request, response) => void relay(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  async function relay(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const group = await owners.ownerOf(request.socket.remotePort ?? 0, port);
    const answer = await ask(target, request, await bodyOf(request)).catch(() => undefined);
    if (!answer) return void response.writeHead(502).end();
    const { status, headers, body } = answer;
    if (wire.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, wire.delayMs));
    const credential = status === 200 ? find(parsed(body)) : undefined;
    if (group !== undefined && credential) {
      reads.push({ group, at: now(), credential: fingerprintOf(key, credential.user, credential.password) });
    }
    response.writeHead(status, headers).end(body);
  }

  const wire: HttpWire = {
    url: `http://127.0.0.1:${port}`,
    delayMs: 0,
    started: (group) => owners.add(group),
    readsOf: (group) => reads.filter((read) => read.group === group),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return wire;
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(target: string, request: http.IncomingMessage, body: Buffer): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const { method, headers } = request;
    delete headers['transfer-encoding'];
    const asked = http.request(new URL(request.url ?? '/', target), {
      ...(method === undefined ? {} : { method }),
      headers: { ...headers, 'content-length': body.length },
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      bodyOf(response).then((answered) => {
        resolve({ status: response.statusCode ?? 502, headers: response.headers, body: answered });
      }, reject);
    });
    asked.end(body);
  });
}

async function bodyOf(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
