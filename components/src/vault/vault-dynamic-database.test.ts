import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';

import { LeaseError, tokenTimesOf } from './lease.js';
import { ServerError } from './server.js';
import { mysqlStatements, postgresStatements } from './statements.js';
import { VaultDynamicDatabase, type VaultDynamicDatabaseArgs } from './vault-dynamic-database.js';

const args: VaultDynamicDatabaseArgs = {
  engine: {
    kind: 'postgres',
    connectionUrl: 'postgresql://{{username}}:{{password}}@db/shop',
    username: 'vault',
    password: 'p',
  },
  roles: { app: { sharedRole: 'shop', kind: 'owner', ttl: '1h', maxTtl: '24h' } },
  consumers: { web: { kind: 'kubernetes', serviceAccounts: ['web'], namespaces: ['shop'] } },
};
const inputs = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs: given }) => {
      inputs.set(name, given as Record<string, unknown>);
      return { id: `${name}-id`, state: given as Record<string, unknown> };
    },
    call: ({ inputs: given }) => given,
  });
});

async function build(name: string, given: VaultDynamicDatabaseArgs) {
  const children: string[] = [];
  const deletedWith = new Map<string, pulumi.Resource | undefined>();
  const note = ({ name: child, type, opts }: pulumi.ResourceTransformationArgs): undefined => {
    children.push(`${child}: ${type}`);
    deletedWith.set(child, (opts as pulumi.CustomResourceOptions).deletedWith);
  };
  const component = new VaultDynamicDatabase(name, given, { transformations: [note] });
  await value(component.ready);
  return { component, children, deletedWith };
}

const value = async <T>(output: pulumi.Output<T>): Promise<T> =>
  await new Promise<T>((resolve) => void output.apply((known) => resolve(known)));

describe('the children of VaultDynamicDatabase', () => {
  it('have names that never change', async () => {
    const { children } = await build('shop', args);

    expect(children).toEqual([
      'shop: keyturn:vault:VaultDynamicDatabase',
      'shop-mount: vault:index/mount:Mount',
      'shop-connection: vault:database/secretBackendConnection:SecretBackendConnection',
      'shop-rotate-root: vault:generic/endpoint:Endpoint',
      'shop-role-app: vault:database/secretBackendRole:SecretBackendRole',
      'shop-policy-web: vault:index/policy:Policy',
      'shop-login-web: vault:kubernetes/authBackendRole:AuthBackendRole',
    ]);
  });

  it('go with the mount, so that leases end while the connection is there', async () => {
    const { deletedWith } = await build('gone', args);

    const mount = deletedWith.get('gone-connection');
    expect(mount && (await value(mount.urn))).toContain('vault:index/mount:Mount::gone-mount');
    expect(deletedWith.get('gone-rotate-root')).toBe(mount);
    expect(deletedWith.get('gone-role-app')).toBe(mount);
  });

  it('give tokens that live as long as the longest lease', async () => {
    await build('lives', args);

    expect(inputs.get('lives-login-web')).toMatchObject({
      tokenTtl: 86_400,
      tokenMaxTtl: 172_800,
      tokenType: 'service',
    });
    expect(inputs.get('lives-role-app')).toMatchObject({ defaultTtl: 3_600, maxTtl: 86_400 });
  });

  it('let a consumer read its roles alone', async () => {
    await build('narrow', {
      ...args,
      roles: { ...args.roles, other: { sharedRole: 'shop', kind: 'grantee', ttl: '1h', maxTtl: '1h' } },
      consumers: { ci: { kind: 'jwt', roles: ['other'], audiences: ['vault'], claims: { repository: 'a/b' } } },
    });

    expect(inputs.get('narrow-policy-ci')?.['policy']).toBe(
      'path "narrow/creds/other" {\n  capabilities = ["read"]\n}\n\npath "sys/leases/renew" {\n  capabilities = ["update"]\n}\n',
    );
    expect(inputs.get('narrow-login-ci')).toMatchObject({ tokenTtl: 3_600 });
  });

  it('say where to ask', async () => {
    const { component } = await build('asked', args);

    expect(await value(component.credentialPaths)).toEqual({ app: 'asked/creds/app' });
    expect(await value(component.logins)).toEqual({ web: { authMount: 'kubernetes', role: 'asked-login-web' } });
  });
});

describe('a lease that cannot work', () => {
  const app = { sharedRole: 'shop', kind: 'owner', ttl: '1h', maxTtl: '24h' } as const;

  it.each<{ name: string; change: Partial<VaultDynamicDatabaseArgs>; says: string }>([
    {
      name: 'a TTL over the max TTL',
      change: { roles: { app: { ...app, ttl: '25h' } } },
      says: 'Role "app" has a TTL of 1d 1h and a max TTL of 1d. The TTL must be at least 1s and at most the max TTL.',
    },
    {
      name: 'a max TTL over what the server allows',
      change: { roles: { app: { ...app, maxTtl: '769h' } } },
      says:
        'Role "app" has a max TTL of 32d 1h, and the server cuts it at 32d. ' +
        "Lower `maxTtl`, or raise the server's max_lease_ttl and say so in `serverMaxTtl`.",
    },
    {
      name: 'a chain that outlives the lease',
      change: {
        roles: {
          app: {
            ...app,
            chain: [
              { kind: 'pool', name: 'pg pool', longest: '23h' },
              { kind: 'transaction', longest: '61m' },
            ],
          },
        },
      },
      says:
        'Role "app" can be in use for 1d 1m (store → pg pool 23h → transaction 1h 1m (1d 1m in all)), and Vault withdraws it after 1d. ' +
        'Raise `maxTtl`, or shorten a link.',
    },
    {
      name: 'a process that reads at start',
      change: { roles: { app: { ...app, chain: [{ kind: 'process', name: 'web', longest: 'start-bound' }] } } },
      says:
        'Role "app" is used by something that reads its credential only at start (store → web until restarted (no bound in time)), ' +
        'and Vault withdraws it after 1d. Use a static role pair, or let the consumer ask for a new lease.',
    },
    {
      name: 'a token shorter than the lease',
      change: { consumers: { web: { kind: 'approle', tokenTtl: '23h' } } },
      says: 'Tokens of "web" live 23h, and leases of role "app" up to 1d. A lease dies with its token: raise `tokenTtl`, or leave it out.',
    },
    {
      name: 'a role that is not there',
      change: { consumers: { web: { kind: 'approle', roles: ['ap'] } } },
      says: 'Consumer "web" names the role "ap", which is not there. Known are: app.',
    },
    { name: 'no role', change: { roles: {} }, says: '`roles` is empty. Name at least one dynamic role.' },
    {
      name: 'an owner on MySQL',
      change: { engine: { kind: 'mysql', connectionUrl: 'u', username: 'vault', password: 'p' } },
      says: 'Role "app" has a shared role of kind "owner", and mysql has no owners. Write "grantee".',
    },
    {
      name: 'a plugin without statements',
      change: { engine: { kind: 'other', plugin: 'mongodb-database-plugin', data: {} } },
      says: 'Role "app" has no statements, and none are known for mongodb-database-plugin. Write `statements`.',
    },
  ])('is refused: $name', ({ change, says }) => {
    expect(() => new VaultDynamicDatabase('refused', { ...args, ...change })).toThrow(new LeaseError(says));
  });

  it('is accepted at each limit', async () => {
    const chain = [{ kind: 'pool', longest: '768h' }] as const;
    const { component } = await build('limit', {
      ...args,
      roles: { app: { ...app, ttl: '768h', maxTtl: '768h', chain } },
    });

    expect(await value(component.mount)).toBe('limit');
    expect(inputs.get('limit-login-web')).toMatchObject({ tokenTtl: 2_764_800, tokenMaxTtl: 2_764_800 });
  });

  it('is refused on OpenBao when it needs what OpenBao lacks', () => {
    const consumers = { web: { kind: 'aws', principalArns: ['arn:aws:iam::1:role/web'] } } as const;

    expect(() => new VaultDynamicDatabase('lacks', { ...args, server: 'openbao', consumers })).toThrow(
      new ServerError('OpenBao has no AWS auth method. Let the workload log in with "jwt" or "kubernetes".'),
    );
  });
});

describe('the statements of a lease', () => {
  it('quote the shared role', () => {
    expect(postgresStatements({ sharedRole: 'a"b', kind: 'owner' }).creation[1]).toBe(
      'ALTER ROLE "{{name}}" SET role = "a""b"',
    );
    expect(mysqlStatements('mysql', { sharedRole: 'a`b' }).creation[1]).toBe("GRANT `a``b` TO '{{name}}'@'%'");
  });

  it('make the role active at login, in the words of each server', () => {
    expect(mysqlStatements('mysql', { sharedRole: 'shop' }).creation[2]).toBe(
      "SET DEFAULT ROLE `shop` TO '{{name}}'@'%'",
    );
    expect(mysqlStatements('mariadb', { sharedRole: 'shop' }).creation[2]).toBe(
      "SET DEFAULT ROLE `shop` FOR '{{name}}'@'%'",
    );
  });
});

describe('the life of a token', () => {
  it('follows the longest of several leases', () => {
    const leases = [
      { role: 'short', maxTtl: '1m' },
      { role: 'long', maxTtl: '1h' },
    ] as const;

    expect(tokenTimesOf('web', leases, undefined)).toEqual({ tokenTtl: 3_600, tokenMaxTtl: 7_200 });
    expect(tokenTimesOf('web', leases, '1h')).toEqual({ tokenTtl: 3_600, tokenMaxTtl: 7_200 });
    expect(tokenTimesOf('web', leases, '2h', '3h')).toEqual({ tokenTtl: 7_200, tokenMaxTtl: 10_800 });
  });
});
