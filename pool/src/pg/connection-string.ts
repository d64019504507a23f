import { ConnectionStringError } from '../errors.js';

/**
 * Refuses a password that would silently win over the credential source.
 *
 * @throws ConnectionStringError when the string holds a password.
 */
export function checkConnectionString(text: string): void {
  const url = parse(text);
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new ConnectionStringError(
      'The connection string holds a password, and `credentials` is given as well. Remove user and password from the connection string.',
    );
  }
}

/** The same connection string with user and password in it; the driver lets its string win over separate options. */
export function withCredential(text: string, { user, password }: { user: string; password: string }): string {
  const url = parse(text);
  url.searchParams.delete('user');
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}

function parse(text: string): URL {
  try {
    const url = new URL(text);
    if (url.hostname !== '') return url;
  } catch {
    // The text may hold a password; the error of the parser would show it.
  }
  throw new ConnectionStringError(
    'The connection string cannot take a credential: expected a form such as postgres://host:5432/database. Give host, port and database separately for sockets.',
  );
}
