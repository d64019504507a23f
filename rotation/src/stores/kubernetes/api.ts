import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';

import { StoreError } from '../../store.js';

/** What the API server answered. `body` is `undefined` when it was no JSON. */
export interface KubernetesAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The few requests that the store and the job host make. Any client will do that can send one. */
export interface KubernetesApi {
  /** Where objects are looked for when nothing else is said. */
  readonly namespace: string;
  /** @throws StoreError when there is no answer. */
  request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<KubernetesAnswer>;
}

/** How to reach an API server. */
export interface KubernetesApiOptions {
  /** Such as `https://10.0.0.1:443`. Clear text is taken on loopback only, where `kubectl proxy` listens. */
  readonly server: string;
  readonly namespace: string;
  /** Sent as a bearer token; asked before each request, because the token of a service account is renewed hourly. */
  readonly token?: () => string | Promise<string>;
  /** Certificates that the server's is verified with, in PEM. Default: the system's. */
  readonly ca?: string;
  /** Limit of one request, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
}

/**
 * A client for an API server, on Node's own `https`: the official client makes a bundle of 1.9 MB, and a ConfigMap holds 1 MiB.
 *
 * @throws StoreError when the address is no URL, or asks for clear text on a network.
 */
export function kubernetesApi(options: KubernetesApiOptions): KubernetesApi {
  const server = addressOf(options.server);
  return {
    namespace: options.namespace,
    async request(method, path, body) {
      const token = await options.token?.();
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        Accept: 'application/json',
        'User-Agent': 'keyturn',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token.trim()}` }),
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      };
      const url = new URL(path, server);
      try {
        return await send(url, { method, headers, ca: options.ca, timeoutMs: options.timeoutMs ?? 10_000 }, text);
      } catch (cause) {
        throw new StoreError(
          `The Kubernetes API at ${server.origin} does not answer (${reasonOf(cause)}). Run it again: it goes on where it ended.`,
          { cause },
        );
      }
    },
  };
}

/** Where Kubernetes puts the identity of a pod. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The API server of the cluster that this process runs in, as the service account of its pod.
 *
 * @throws StoreError outside a cluster, or in a pod with `automountServiceAccountToken: false`.
 */
export function inCluster(env: NodeJS.ProcessEnv = process.env, folder: string = accountFolder): KubernetesApi {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(path.join(folder, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const [ca, namespace] = [read('ca.crt'), read('namespace')];
  if (host === undefined || ca === undefined || namespace === undefined) {
    throw new StoreError(
      `This is no pod with a service account: KUBERNETES_SERVICE_HOST is ${host === undefined ? 'not set' : 'set'} and ` +
        `${folder} ${ca === undefined ? 'holds no ca.crt' : 'holds no namespace'}. Set automountServiceAccountToken: true, or name the API server.`,
    );
  }
  return kubernetesApi({
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim(),
    ca,
    token: async () => await readFile(path.join(folder, 'token'), 'utf8'),
  });
}

function addressOf(text: string): URL {
  const server = URL.canParse(text) ? new URL(text) : undefined;
  if (server?.protocol === 'https:') return server;
  if (server?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(server.hostname)) return server;
  throw new StoreError(
    `The address of the Kubernetes API has to be an https URL (http on loopback only), got "${server === undefined ? text : server.origin}".`,
  );
}

interface Sending {
  readonly method: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

async function send(
  url: URL,
  { method, headers, ca, timeoutMs }: Sending,
  text: string | undefined,
): Promise<KubernetesAnswer> {
  const secure = url.protocol === 'https:';
  return await new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(
      url,
      { method, headers, signal: AbortSignal.timeout(timeoutMs), ...(secure && ca !== undefined ? { ca } : {}) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString('utf8')) }),
        );
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'time-out';
  return typeof code === 'string' ? code : String(name);
}
