import type { RDSClient } from '@aws-sdk/client-rds';

/**
 * What keeps an RDS Proxy from logging in as both users, by what AWS says about it; `undefined` when the secret of each is registered.
 *
 * @throws what the API threw, when nobody could look.
 */
export async function unregistered(
  client: RDSClient,
  proxy: string,
  users: readonly string[],
  userSecrets: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { DescribeDBProxiesCommand } = await import('@aws-sdk/client-rds');
  try {
    const { DBProxies: [found] = [] } = await client.send(new DescribeDBProxiesCommand({ DBProxyName: proxy }));
    const registered = new Set((found?.Auth ?? []).map(({ SecretArn }) => SecretArn));
    const missing = users.filter((user) => !registered.has(userSecrets[user]));
    if (missing.length === 0) return undefined;
    return `the proxy ${proxy} has no secret of ${missing.join(' and ')} in its auth, so it would refuse ${missing.length === 1 ? 'that user' : 'them'}. Register ${missing.map((user) => userSecrets[user] ?? user).join(' and ')} with it.`;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'DBProxyNotFoundFault')
      return `there is no proxy ${proxy} in this account and region. Write the name of the one that applications log in to.`;
    if (/^AccessDenied/.test(name))
      return `this function may not look at the proxy ${proxy}. Give its role the action rds:DescribeDBProxies.`;
    throw error;
  }
}
