import { DualUserDatabaseRole } from '@keyturn/components/postgres';
import { VaultDynamicDatabase, VaultStaticRolePair } from '@keyturn/components/vault';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const host = config.require('databaseHost');
const namespace = 'shop';

// The shared role and the two users of the web application, whose pools hold a credential for half an hour.
const shop = new DualUserDatabaseRole('shop', {
  database: 'shop',
  plan: { every: '30 days', consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
  connections: { fleet: 50, serverMax: 200 },
});

// The batch job asks for a user of its own, which is gone when its lease ends.
const leases = new VaultDynamicDatabase(
  'shop-db',
  {
    engine: {
      kind: 'postgres',
      connectionUrl: `postgresql://{{username}}:{{password}}@${host}:5432/shop?sslmode=verify-full`,
      username: 'vault',
      // Worth nothing after the first `up`: Vault replaces it at once.
      password: config.requireSecret('vaultPassword'),
    },
    staticRoles: ['shop_a', 'shop_b'],
    roles: { batch: { sharedRole: 'shop', kind: 'owner', ttl: '1h', maxTtl: '8h' } },
    consumers: { batch: { kind: 'kubernetes', serviceAccounts: ['batch'], namespaces: [namespace] } },
  },
  { dependsOn: shop },
);

const pair = new VaultStaticRolePair('shop', {
  mount: leases.ready,
  connection: 'shop-db',
  pair: 'shop',
  selectorMount: 'secret',
  plan: { every: '30 days', consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
  consumers: { web: { kind: 'kubernetes', serviceAccounts: ['web'], namespaces: [namespace] } },
  job: { kind: 'kubernetes', serviceAccounts: ['keyturn'], namespaces: [namespace] },
});

for (const name of ['web', 'batch', 'keyturn']) {
  new kubernetes.core.v1.ServiceAccount(name, {
    metadata: { name, namespace },
    automountServiceAccountToken: false,
  });
}

export const selector = pair.selectorPath;
export const batchCredentials = leases.credentialPaths.apply(({ batch }) => batch);
