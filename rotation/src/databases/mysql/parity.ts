import type { Pair } from '../../pair.js';
import type { Accounts } from './accounts.js';
import type { Client } from './endpoint.js';
import type { Flavour } from './server.js';

/** One sentence per difference between the two users on this server; empty when they can do the same. */
export async function parityOf(
  client: Client,
  accounts: Accounts,
  flavour: Flavour,
  pair: Pair,
  host: string,
): Promise<string[]> {
  const sentences: string[] = [];
  const [a, b] = [await facts(pair.users[0]), await facts(pair.users[1])];
  for (const [has, lacks, user, other] of [
    [a, b, ...pair.users],
    [b, a, pair.users[1], pair.users[0]],
  ] as const) {
    for (const fact of has) if (!lacks.has(fact)) sentences.push(`${user} has ${fact} and ${other} has not`);
  }
  return sentences;

  async function facts(user: string): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    const known = await accounts.find(user);
    const account = known.find((candidate) => candidate.host === host);
    if (account === undefined) {
      sentences.push(`${user} does not exist at host ${host}`);
      return found;
    }
    for (const other of known) {
      if (other.host !== host) sentences.push(`${user} exists at host ${other.host} too, with a password of its own`);
    }
    for (const [name, value] of Object.entries(account.attributes)) {
      // No limit, and no encryption asked for: MariaDB writes that down for some users and not for others.
      if ((value === '0' || value === '') && /^(?:max_|ssl_|x509_)/.test(name)) continue;
      found.add(`${name.replaceAll('_', ' ')} ${value === '' ? 'empty' : value}`);
    }
    for (const grant of await grantsOf(client, accounts, user, host)) found.add(grant);
    if (flavour === 'mysql') {
      const roles = await client.rows<{ role: string; host: string }>(
        'SELECT DEFAULT_ROLE_USER AS role, DEFAULT_ROLE_HOST AS host FROM mysql.default_roles WHERE USER = ? AND HOST = ?',
        [user, host],
      );
      for (const { role, host: roleHost } of roles) found.add(`the default role ${role}@${roleHost}`);
    }
    return found;
  }
}

/** What SHOW GRANTS says of a user, without its name. */
export async function grantsOf(client: Client, accounts: Accounts, user: string, host: string): Promise<string[]> {
  const rows = await client.rows<Record<string, string>>(`SHOW GRANTS FOR ${accounts.name(user)}`);
  return rows.flatMap((row) => Object.values(row)).map((grant) => normalised(grant, user, host));
}

/** A grant without the name of who has it, and without what MariaDB writes into it about the password. */
export function normalised(grant: string, user: string, host: string): string {
  const named = [`\`${user}\`@\`${host}\``, `'${user}'@'${host}'`].reduce(
    (text, name) => text.replaceAll(` TO ${name}`, '').replaceAll(` FOR ${name}`, ''),
    grant,
  );
  return named
    .replace(/ IDENTIFIED (?:BY PASSWORD|VIA) .*?(?= REQUIRE | WITH |$)/, '')
    .replace(/(?<=^GRANT )(?!.*\().*(?= ON )/, (privileges) => privileges.split(', ').sort().join(', '));
}
