import { ConnectionStringError } from './errors.js';

/**
 * Refuses a URL that brings a credential of its own: it would silently win over the credential source, or lose to it.
 *
 * @throws ConnectionStringError when there is a user or a password in it, or it is no URL.
 */
export function checkConnectionUrl(text: string, option: string): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The text may hold a password; the error of the parser would show it.
    throw new ConnectionStringError(`\`${option}\` is no URL; expected a form such as scheme://host:port/database.`);
  }
  const inQuery = ['user', 'username', 'password', 'pass'].some((name) => url.searchParams.has(name));
  if (url.password !== '' || url.username !== '' || inQuery) {
    throw new ConnectionStringError(
      `\`${option}\` holds a user or a password, and \`credentials\` is given as well. Remove user and password from it.`,
    );
  }
}
