import { BootstrapError } from '../../database.js';
import type { Client } from './endpoint.js';

/** Which of the two, and where they differ. */
export type Flavour = 'mysql' | 'mariadb';

/** @throws BootstrapError when the server is older than MySQL 8 or MariaDB 10.4: it lacks roles, or account locks. */
export async function flavourOf(client: Client): Promise<Flavour> {
  const [row] = await client.rows<{ version: string }>('SELECT VERSION() AS version');
  const version = row?.version ?? '';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  if (flavour === 'mysql' ? major < 8 : major < 10 || (major === 10 && minor < 4)) {
    throw new BootstrapError(
      `The server is ${version}, and keyturn needs MySQL 8.0 or MariaDB 10.4, which have default roles and account locks. Upgrade it first.`,
    );
  }
  return flavour;
}
