/** SQLSTATE of PostgreSQL that mean "this credential is refused". 28000 also comes from a role without LOGIN, and only after a correct password. */
export const postgresAuthenticationCodes: ReadonlySet<string> = new Set(['28P01', '28000']);

/**
 * PgBouncer answers everything with 08P01, a protocol violation, so only its text tells: what it found itself, and what the server behind it said
 * when it tried to log in for a client.
 */
export const poolerRefusal =
  /^(?:no such user\b|auth failed$|(?:SASL|password) authentication failed|login rejected|server login (?:failed|has been failing)\b.*(?:password authentication failed|is not permitted to log in))/;

/** Whether a code and a message of a server, or of a pooler before it, say that the credential was refused. */
export function isPostgresRefusal(code: string, message: string): boolean {
  return postgresAuthenticationCodes.has(code) || (code === '08P01' && poolerRefusal.test(message));
}

/** Error numbers of MySQL and MariaDB: access denied, account locked (MySQL 3118, MariaDB 4151). */
export const mysqlAuthenticationNumbers: ReadonlySet<number> = new Set([1045, 3118, 4151]);

/**
 * True when the error, or an error that it wraps in `cause` or `original`, says that the credential was refused.
 * Network trouble is never a refused credential.
 */
export function isAuthenticationError(error: unknown): boolean {
  for (const link of unwrap(error)) {
    const { code, message, errno } = link;
    if (typeof code === 'string' && isPostgresRefusal(code, typeof message === 'string' ? message : '')) return true;
    if (typeof errno === 'number' && mysqlAuthenticationNumbers.has(errno)) return true;
  }
  return false;
}

function* unwrap(error: unknown): Generator<Record<string, unknown>> {
  const seen = new Set<unknown>();
  const queue = [error];
  while (queue.length > 0) {
    const next = queue.shift();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    const link = next as Record<string, unknown>;
    yield link;
    queue.push(link['cause'], link['original'], link['parent'], link['driverError']);
  }
}
