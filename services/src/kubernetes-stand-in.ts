import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

/** An object as the API takes and gives it. */
export interface StandInObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly immutable?: boolean;
  readonly type?: string;
  readonly status?: unknown;
}

export interface KubernetesStandInOptions {
  /** The bearer token that it takes. Default: any, or none. */
  readonly token?: string;
  /** Serves https with this key and certificate, in PEM. Default: http. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What RBAC allows. Default: all. */
  readonly allows?: (verb: string, resource: string, name: string | undefined) => boolean;
}

/** A part of the Kubernetes API on loopback. It is a stand-in: no Kubernetes runs behind it. */
export interface KubernetesStandIn {
  readonly url: string;
  /** Each request as it was answered: `PUT /api/v1/namespaces/app/secrets/db 409`. */
  readonly requests: readonly string[];
  /** The object as it stands; `undefined` when there is none. */
  read(resource: string, namespace: string, name: string): StandInObject | undefined;
  /** Puts an object there, as another user of the cluster would. */
  write(resource: string, namespace: string, object: StandInObject): void;
  stop(): Promise<void>;
}

const kinds: Readonly<Record<string, string>> = {
  secrets: 'Secret',
  configmaps: 'ConfigMap',
  pods: 'Pod',
  deployments: 'Deployment',
  httproutes: 'HTTPRoute',
};
/** The group of a resource and its version; the others are of the core group. */
const groups: Readonly<Record<string, string>> = {
  deployments: 'apps/v1',
  httproutes: 'gateway.networking.k8s.io/v1',
};
const statuses = { 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 422: 'Invalid' } as const;
const nameRule = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const keyRule = /^[-._a-zA-Z0-9]{1,253}$/;
const base64Rule = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const mostBytes = 1_048_576;

/** The answer to a request that is refused. */
class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  constructor(code: keyof typeof statuses | 409, reason?: string) {
    super(reason ?? '');
    this.code = code;
    this.reason = reason ?? (code === 409 ? 'Conflict' : statuses[code]);
  }
}

/**
 * Starts a stand-in for the API server: Secrets, ConfigMaps and Pods of any namespace with get, list (by `labelSelector` of the form `key=value`),
 * create, update and delete. It keeps to what the reference says about updates: a resourceVersion that is not the latest is a 409 Conflict, a
 * create over an existing name a 409 AlreadyExists, an update without a resourceVersion goes through, one that changes nothing keeps the
 * resourceVersion, data of an immutable object and the type of a Secret cannot change (422), names and keys are checked (422), values have
 * to be base64 (400), an object is 1 MiB at most (422), and preconditions of a delete are honoured (409).
 *
 * Written from https://kubernetes.io/docs/reference/using-api/api-concepts/ and
 * https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/; watches and server-side apply are not there.
 */
export async function startKubernetesStandIn(options: KubernetesStandInOptions = {}): Promise<KubernetesStandIn> {
  const objects = new Map<string, StandInObject>();
  const requests: string[] = [];
  let revision = 1_000;

  const stamp = (object: StandInObject, resource: string, namespace: string, uid: string): StandInObject => {
    revision += 1;
    return placed(object, resource, namespace, uid, String(revision));
  };

  const answer = (method: string, url: URL, body: unknown): { readonly code: number; readonly body: unknown } => {
    const { resource, namespace, name } = placeOf(url);
    const verb = verbOf(method, name);
    if (options.allows?.(verb, resource, name) === false) throw new Refusal(403);
    const key = `${resource}/${namespace}/${name ?? ''}`;
    if (verb === 'list') {
      const [label, wanted] = (url.searchParams.get('labelSelector') ?? '').split('=');
      const items = [...objects]
        .filter(([place]) => place.startsWith(key))
        .map(([, object]) => object)
        .filter(({ metadata }) => label === undefined || label === '' || metadata.labels?.[label] === wanted);
      return { code: 200, body: { kind: `${kinds[resource] ?? ''}List`, apiVersion: 'v1', items } };
    }
    if (verb === 'create') {
      const object = checked(body, resource);
      const place = `${key}${object.metadata.name}`;
      // The reference: "resourceVersion may not be set on objects to be created".
      if (object.metadata.resourceVersion !== undefined) throw new Refusal(400);
      if (objects.has(place)) throw new Refusal(409, 'AlreadyExists');
      const created = stamp(object, resource, namespace, randomUUID());
      objects.set(place, created);
      return { code: 201, body: created };
    }
    const found = objects.get(key);
    if (found === undefined) throw new Refusal(404);
    if (verb === 'get') return { code: 200, body: found };
    if (verb === 'delete') {
      const { preconditions = {} } = (body ?? {}) as { preconditions?: { uid?: string; resourceVersion?: string } };
      for (const name of ['uid', 'resourceVersion'] as const) {
        if (preconditions[name] !== undefined && preconditions[name] !== found.metadata[name]) throw new Refusal(409);
      }
      objects.delete(key);
      return { code: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
    }
    const object = checked(body, resource);
    if (object.metadata.name !== name) throw new Refusal(400);
    for (const field of ['resourceVersion', 'uid'] as const) {
      const given = object.metadata[field];
      if (given !== undefined && given !== '' && given !== found.metadata[field]) throw new Refusal(409);
    }
    refuseFixed(found, object, resource);
    const { uid = '', resourceVersion = '' } = found.metadata;
    const unchanged = placed(object, resource, namespace, uid, resourceVersion);
    if (isDeepStrictEqual(plain(unchanged), plain(found))) return { code: 200, body: found };
    const updated = stamp(object, resource, namespace, uid);
    objects.set(key, updated);
    return { code: 200, body: updated };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', 'http://stand-in');
    let reply: { readonly code: number; readonly body: unknown };
    try {
      const body = await bodyOf(request);
      if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
        throw new Refusal(401);
      }
      reply = answer(method, url, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, reason } = error;
      reply = { code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code } };
    }
    requests.push(`${method} ${url.pathname} ${reply.code}`);
    response.writeHead(reply.code, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply.body));
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  };

  const server: Server = options.tls ? https.createServer(options.tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    read: (resource, namespace, name) => objects.get(`${resource}/${namespace}/${name}`),
    write: (resource, namespace, object) => {
      const place = `${resource}/${namespace}/${object.metadata.name}`;
      objects.set(place, stamp(object, resource, namespace, objects.get(place)?.metadata.uid ?? randomUUID()));
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function placeOf(url: URL): { readonly resource: string; readonly namespace: string; readonly name?: string } {
  const [, group, namespace, resource, name] =
    /^\/(?:api\/v1|apis\/([^/]+\/[^/]+))\/namespaces\/([^/]+)\/([a-z]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  if (namespace === undefined || resource === undefined || kinds[resource] === undefined) throw new Refusal(404);
  if (group !== groups[resource]) throw new Refusal(404);
  return { resource, namespace, ...(name === undefined ? {} : { name: decodeURIComponent(name) }) };
}

function verbOf(method: string, name: string | undefined): string {
  const verbs: Readonly<Record<string, string>> =
    name === undefined ? { GET: 'list', POST: 'create' } : { GET: 'get', PUT: 'update', DELETE: 'delete' };
  const verb = verbs[method];
  if (verb === undefined) throw new Refusal(400);
  return verb;
}

function checked(body: unknown, resource: string): StandInObject {
  const object = body as Partial<StandInObject> | undefined;
  const name = object?.metadata?.name;
  if (
    object?.metadata === undefined ||
    object.kind !== kinds[resource] ||
    object.apiVersion !== (groups[resource] ?? 'v1')
  ) {
    throw new Refusal(400);
  }
  if (typeof name !== 'string' || name.length > 253 || !nameRule.test(name)) throw new Refusal(422);
  let bytes = 0;
  for (const [key, value] of Object.entries(object.data ?? {})) {
    if (!keyRule.test(key)) throw new Refusal(422);
    if (resource === 'secrets' && !base64Rule.test(value)) throw new Refusal(400);
    bytes += value.length;
  }
  if (bytes > mostBytes) throw new Refusal(422);
  return resource === 'secrets' ? { type: 'Opaque', ...(object as StandInObject) } : (object as StandInObject);
}

function refuseFixed(found: StandInObject, next: StandInObject, resource: string): void {
  if (resource === 'secrets' && found.type !== next.type) throw new Refusal(422);
  if (found.immutable !== true) return;
  if (next.immutable !== true || !isDeepStrictEqual({ ...found.data }, { ...next.data })) throw new Refusal(422);
}

function placed(
  object: StandInObject,
  resource: string,
  namespace: string,
  uid: string,
  resourceVersion: string,
): StandInObject {
  const metadata = { ...object.metadata, namespace, uid, resourceVersion };
  return { ...object, apiVersion: groups[resource] ?? 'v1', kind: kinds[resource] ?? '', metadata };
}

/** As it would be sent: without what is `undefined`. */
function plain(object: StandInObject): unknown {
  return JSON.parse(JSON.stringify(object)) as unknown;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new Refusal(400);
  }
}
