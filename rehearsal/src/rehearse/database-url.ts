import { type DatabaseKind, RehearsalUsageError } from './options.js';

/** A server that was named, and who may make databases and users there. */
export interface NamedServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

const schemes: Readonly<Record<string, DatabaseKind>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mariadb',
};

/**
 * The kind that a URL names by its scheme.
 *
 * @throws RehearsalUsageError when it names none, or no user.
 */
export function kindOfUrl(url: string): DatabaseKind {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const kind = parsed && schemes[parsed.protocol];
  if (kind === undefined || parsed?.username === '') {
    throw new RehearsalUsageError(
      'The database must be named as postgres://user@host:port/database, mysql://user@host:port or mariadb://user@host:port, with the password in KEYTURN_DATABASE_PASSWORD or in the URL.',
    );
  }
  return kind;
}

/** @param port where the URL has none */
export function serverOf(url: string, port: number): NamedServer {
  const parsed = new URL(url);
  const database = parsed.pathname.slice(1);
  return {
    host: parsed.hostname,
    port: Number(parsed.port || port),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password) || (process.env['KEYTURN_DATABASE_PASSWORD'] ?? ''),
    ...(database === '' ? {} : { database }),
  };
}
