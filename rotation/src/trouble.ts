import { isAuthenticationError } from '@keyturn/plan';

/**
 * What kind of trouble an error is. `authentication`: this credential is refused. `network`: nothing is known about the credential.
 * `policy`: the database will never take this password. `permission`: the rotator lacks a right. `tls`: no trusted encrypted connection.
 */
export type TroubleKind = 'authentication' | 'network' | 'policy' | 'permission' | 'tls' | 'other';

const nodeNetworkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
]);

/** Shutting down, starting up, out of connections: the server answers, and says nothing about the credential. */
const postgresNetworkCodes: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '53300', '53400', '57P05']);

/** `passwordcheck` and the managed services report a refused password as an invalid parameter value. */
const postgresPolicyCodes: ReadonlySet<string> = new Set(['22023']);

const postgresPermissionCodes: ReadonlySet<string> = new Set(['42501']);

/** Of MySQL and MariaDB. Too many connections, shutting down, the connection was lost or ended by somebody. */
const mysqlNetworkNumbers: ReadonlySet<number> = new Set([1040, 1053, 1927, 2002, 2003, 2006, 2013, 4031]);

/** validate_password, and a password that was used before. */
const mysqlPolicyNumbers: ReadonlySet<number> = new Set([1819, 3638]);

const mysqlPermissionNumbers: ReadonlySet<number> = new Set([1044, 1095, 1142, 1143, 1227, 1410]);

const networkMessages =
  /connection terminated|timeout expired|query read timeout|connection timeout|client has encountered a connection error/i;
const tlsMessages = /does not support SSL|error establishing an SSL connection/i;
const tlsCodes =
  /^(?:ERR_TLS|ERR_SSL|HANDSHAKE_NO_SSL_SUPPORT|HANDSHAKE_SSL_ERROR|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH)/;

/** The kind of an error, looking through `cause`, `original` and the errors of an `AggregateError`. */
export function troubleOf(error: unknown): TroubleKind {
  if (isAuthenticationError(error)) return 'authentication';
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  while (queue.length > 0) {
    const next = queue.shift();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    const link = next as {
      code?: unknown;
      errno?: unknown;
      message?: unknown;
      cause?: unknown;
      original?: unknown;
      errors?: unknown;
    };
    const kind = kindOf(
      typeof link.code === 'string' ? link.code : '',
      typeof link.errno === 'number' ? link.errno : 0,
      typeof link.message === 'string' ? link.message : '',
    );
    if (kind !== 'other') return kind;
    queue.push(link.cause, link.original, ...(Array.isArray(link.errors) ? (link.errors as unknown[]) : []));
  }
  return 'other';
}

function kindOf(code: string, errno: number, message: string): TroubleKind {
  if (nodeNetworkCodes.has(code) || postgresNetworkCodes.has(code) || /^08...$/.test(code)) return 'network';
  if (postgresPolicyCodes.has(code)) return 'policy';
  if (postgresPermissionCodes.has(code)) return 'permission';
  if (mysqlNetworkNumbers.has(errno)) return 'network';
  if (mysqlPolicyNumbers.has(errno)) return 'policy';
  if (mysqlPermissionNumbers.has(errno)) return 'permission';
  if (tlsCodes.test(code) || tlsMessages.test(message)) return 'tls';
  if (networkMessages.test(message)) return 'network';
  return 'other';
}
