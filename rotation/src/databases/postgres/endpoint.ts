import type { ConnectionOptions } from 'node:tls';

import type { Client, ClientConfig } from 'pg';

import { DatabaseError, type EndpointLogin } from '../../database.js';
import { type TroubleKind, troubleOf } from '../../trouble.js';

/** How a connection is encrypted: `true` verifies against the system's certificates, an object adds what that needs, `false` is clear text. */
export type Tls = boolean | Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'>;

/** One address where applications log in. */
export interface Endpoint {
  readonly name: string;
  readonly kind: 'writer' | 'reader' | 'pooler' | 'proxy';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Default: true. */
  readonly tls?: Tls;
}

/** Who logs in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** How long to wait, in milliseconds. */
export interface Patience {
  readonly connectMs: number;
  readonly statementMs: number;
}

/** `writer (127.0.0.1:5432/app)`. */
export function describeEndpoint(endpoint: Endpoint): string {
  return `${endpoint.name} (${endpoint.host}:${endpoint.port}/${endpoint.database})`;
}

/**
 * Opens a connection, runs `work` on it and closes it.
 *
 * @throws DatabaseError with the kind of trouble.
 */
export async function onEndpoint<T>(
  endpoint: Endpoint,
  login: Login,
  patience: Patience,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  for (;;) {
    try {
      return await once(endpoint, login, patience, work);
    } catch (error) {
      const again = endpoint.kind === 'pooler' && isRemembered(error) && Date.now() - started < poolerForgetsMs;
      if (!again) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function once<T>(
  endpoint: Endpoint,
  login: Login,
  patience: Patience,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(endpoint, login, patience);
  try {
    return await asDatabaseErrors(endpoint, () => work(client));
  } finally {
    await close(client);
  }
}

/** `server_login_retry` of PgBouncer is 15 s where nobody changed it. */
const poolerForgetsMs = 20_000;

/** PgBouncer hands the answer to an earlier login of that user to everybody, until it tries again; this one was not tried. */
function isRemembered(error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return text.includes('server_login_retry');
}

/** Whether a credential logs in here; trouble is reported and not thrown. */
export async function tryLogin(endpoint: Endpoint, login: Login, patience: Patience): Promise<EndpointLogin> {
  try {
    await onEndpoint(endpoint, login, patience, async (client) => {
      await client.query('SELECT 1');
    });
    return { endpoint: endpoint.name, works: true };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { endpoint: endpoint.name, works: false, kind: error.kind, message: error.message };
  }
}

export async function connect(endpoint: Endpoint, login: Login, patience: Patience): Promise<Client> {
  const pg = await driver();
  const client = new pg.Client(configOf(endpoint, login, patience));
  // A connection that ends between two statements must not end the process; the next statement reports it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await close(client);
    throw trouble(endpoint, `Cannot log in to ${describeEndpoint(endpoint)} as ${login.user}`, cause);
  }
}

export async function close(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}

/** Errors of the driver, as {@link DatabaseError}; ours pass as they are. */
export async function asDatabaseErrors<T>(endpoint: Endpoint, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isDriverError(cause)) throw trouble(endpoint, `${describeEndpoint(endpoint)} refused a statement`, cause);
    throw cause;
  }
}

function isDriverError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof DatabaseError) return false;
  return (error as { code?: unknown }).code !== undefined || troubleOf(error) !== 'other';
}

const advice: Readonly<Record<TroubleKind, string>> = {
  authentication: 'Check user and password.',
  network: 'This says nothing about the password; try again when the server answers.',
  policy: 'The server has a password policy that refuses it.',
  permission:
    'The rotator lacks a right: it needs CREATEROLE, ADMIN OPTION on both users, and rights on schema keyturn.',
  tls: 'Give the endpoint the right certificate authority in "tls", or say "tls: false" to send everything in clear text.',
  other: 'See the cause.',
};

/** A proxy logs in with credentials of its own, and knows a user only when somebody gave it one. */
export const proxyAdvice =
  'A proxy has to know both users before one of them is rotated (RDS Proxy: one secret for each user in its auth): register them, and resume.';

function trouble(endpoint: Endpoint, what: string, cause: unknown): DatabaseError {
  const kind = isRemembered(cause) ? 'network' : troubleOf(cause);
  const todo = kind === 'authentication' && endpoint.kind === 'proxy' ? proxyAdvice : advice[kind];
  return new DatabaseError(`${what}: ${messageOf(cause)}. ${todo}`, { kind, endpoint: endpoint.name, cause });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  const message = error.message === '' ? error.name : error.message;
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}

function configOf(endpoint: Endpoint, login: Login, patience: Patience): ClientConfig {
  const tls = endpoint.tls ?? true;
  // `host` is what an IP address in the certificate is compared with; the driver names the host only when it is a name.
  const ssl = tls === false ? false : { host: endpoint.host, ...(tls === true ? {} : tls), rejectUnauthorized: true };
  return {
    host: endpoint.host,
    port: endpoint.port,
    database: endpoint.database,
    user: login.user,
    password: login.password,
    ssl,
    application_name: 'keyturn',
    connectionTimeoutMillis: patience.connectMs,
    query_timeout: patience.statementMs,
    keepAlive: true,
  };
}

/** The driver is an optional peer: only who rotates a PostgreSQL needs it. */
async function driver(): Promise<{ readonly Client: new (config: ClientConfig) => Client }> {
  try {
    const { default: pg } = await import('pg');
    return pg;
  } catch (cause) {
    throw new DatabaseError('PostgresDatabase needs the driver "pg", which is not installed. Run: npm install pg', {
      kind: 'other',
      endpoint: 'driver',
      cause,
    });
  }
}
