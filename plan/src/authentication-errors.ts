/** SQLSTATE of PostgreSQL that mean "this credential is refused". 28000 also comes from a role without LOGIN, and only after a correct password. */
export const postgresAuthenticationCodes: ReadonlySet<string> = new Set(['28P01', '28000']);

/** Error numbers of MySQL and MariaDB: access denied, account locked (MySQL 3118, MariaDB 4151). */
export const mysqlAuthenticationNumbers: ReadonlySet<number> = new Set([1045, 3118, 4151]);

/**
 * True when the error, or an error that it wraps in `cause` or `original`, says that the credential was refused.
 * Network trouble is never a refused credential.
 */
export function isAuthenticationError(error: unknown): boolean {
  for (const link of unwrap(error)) {
    if (typeof link['code'] === 'string' && postgresAuthenticationCodes.has(link['code'])) return true;
    if (typeof link['errno'] === 'number' && mysqlAuthenticationNumbers.has(link['errno'])) return true;
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
