import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One version of a secret. Times are in seconds since 1970, as Key Vault keeps them. */
export interface StandInSecretVersion {
  readonly version: string;
  readonly value: string;
  readonly enabled: boolean;
  readonly created: number;
  readonly expires?: number;
  readonly contentType?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A part of the Azure Key Vault API on loopback. It is a stand-in: no Azure runs behind it. */
export interface KeyVaultStandIn {
  readonly url: string;
  /** All versions of a secret, oldest first. */
  versions(name: string): readonly StandInSecretVersion[];
  /** Adds a version, as another user of the vault would. */
  write(name: string, version: Pick<StandInSecretVersion, 'value'> & Partial<StandInSecretVersion>): void;
  /** Every request from now on is answered with this status; `undefined` ends that. */
  refuse(status: number | undefined): void;
  stop(): Promise<void>;
}

const perPage = 25;
const mostCharacters = 25_000;

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Attributes {
  readonly enabled?: boolean;
  readonly exp?: number;
}

interface Sent {
  readonly value?: string;
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly attributes?: Attributes;
}

/**
 * Starts a stand-in for a vault, with set, get, update and list-versions of secrets. It keeps to what the reference says: each set makes a new
 * version, and the newest is the one that is read without a version; a disabled version is a 403; times have whole seconds; lists leave the
 * values out, come in pages of 25 and include disabled versions; names have 1 to 127 letters, digits and "-", values 25,000 characters at
 * most; a request without a bearer token is a 401 with a challenge. There is no conditional write.
 *
 * Written from https://learn.microsoft.com/rest/api/keyvault/secrets/ and
 * https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses; deletion, backup and access policies are not there.
 */
export async function startKeyVaultStandIn(): Promise<KeyVaultStandIn> {
  const secrets = new Map<string, StandInSecretVersion[]>();
  let refused: number | undefined;
  let url = '';

  const bundle = (name: string, { value, ...found }: StandInSecretVersion, withValue: boolean): object => ({
    id: `${url}/secrets/${name}/${found.version}`,
    attributes: {
      enabled: found.enabled,
      created: found.created,
      updated: found.created,
      ...(found.expires === undefined ? {} : { exp: found.expires }),
      recoveryLevel: 'Recoverable+Purgeable',
    },
    tags: found.tags,
    ...(found.contentType === undefined ? {} : { contentType: found.contentType }),
    ...(withValue ? { value } : {}),
  });

  const add = (name: string, given: Pick<StandInSecretVersion, 'value'> & Partial<StandInSecretVersion>) => {
    const version = {
      version: randomUUID().replaceAll('-', ''),
      enabled: true,
      created: Math.floor(Date.now() / 1_000),
      tags: {},
      ...given,
    };
    secrets.set(name, [...(secrets.get(name) ?? []), version]);
    return version;
  };

  const answer = (method: string, { pathname, searchParams }: URL, sent: Sent): object => {
    const [, name = '', rest] = /^\/secrets\/([^/]+)(?:\/([^/]*))?$/.exec(pathname) ?? [];
    if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) throw new Refusal(400, 'BadParameter', 'The request URI is not valid.');
    const versions = secrets.get(name) ?? [];
    if (method === 'PUT' && rest === undefined) {
      const { value } = sent;
      if (typeof value !== 'string' || value.length > mostCharacters) {
        throw new Refusal(400, 'BadParameter', 'The property value is missing or too long.');
      }
      return bundle(name, add(name, { value, ...changed(sent) }), true);
    }
    if (method === 'GET' && rest === 'versions') {
      const from = Number(searchParams.get('$skiptoken') ?? 0);
      const page = versions.slice(from, from + perPage).map((version) => bundle(name, version, false));
      const next = from + perPage < versions.length ? `${url}${pathname}?$skiptoken=${from + perPage}` : null;
      return { value: page, nextLink: next };
    }
    const found =
      rest === undefined || rest === '' ? versions.at(-1) : versions.find(({ version }) => version === rest);
    if (found === undefined) {
      throw new Refusal(404, 'SecretNotFound', `A secret with (name/id) ${name} was not found in this key vault.`);
    }
    if (method === 'PATCH') {
      const updated = { ...found, ...changed(sent) };
      secrets.set(
        name,
        versions.map((one) => (one === found ? updated : one)),
      );
      return bundle(name, updated, false);
    }
    if (method !== 'GET') throw new Refusal(405, 'MethodNotAllowed', 'The method is not there.');
    if (!found.enabled) throw new Refusal(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.');
    return bundle(name, found, true);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reply = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    try {
      const sent = await bodyOf(request);
      if (request.headers.authorization?.startsWith('Bearer ') !== true) {
        const challenge = 'Bearer authorization="https://login.invalid/tenant", resource="https://vault.azure.net"';
        reply(401, { error: { code: 'Unauthorized', message: 'AKV10000' } }, { 'WWW-Authenticate': challenge });
        return;
      }
      if (refused !== undefined) throw new Refusal(refused, 'Refused', 'Refused on purpose.');
      reply(200, answer(request.method ?? 'GET', new URL(request.url ?? '/', url), sent));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply(error.status, { error: { code: error.code, message: error.message } });
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    versions: (name) => secrets.get(name) ?? [],
    write: (name, version) => void add(name, version),
    refuse: (status) => void (refused = status),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function changed({ contentType, tags, attributes }: Sent): Partial<StandInSecretVersion> {
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags === undefined ? {} : { tags }),
    ...(attributes?.enabled === undefined ? {} : { enabled: attributes.enabled }),
    ...(attributes?.exp === undefined ? {} : { expires: attributes.exp }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Sent> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text === '' ? {} : (JSON.parse(text) as Sent);
  } catch {
    throw new Refusal(400, 'BadParameter', 'The body is not JSON.');
  }
}
