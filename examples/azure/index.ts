import { AzureKeyVaultRotation } from '@keyturn/components/azure';
import { DualUserDatabaseRole } from '@keyturn/components/postgres';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const plan = {
  soak: '1h',
  consumers: [
    {
      name: 'shop',
      chain: [
        { kind: 'cache', name: 'secret cache', longest: '5m' },
        { kind: 'pool', longest: '30m' },
      ],
    },
  ],
} as const;

const role = new DualUserDatabaseRole('shop', {
  database: 'shop',
  plan: { ...plan, every: '28 days' },
  connections: { fleet: 40, serverMax: 170 },
});

const login = new AzureKeyVaultRotation(
  'shop',
  {
    pair: 'shop',
    database: { host: config.require('databaseHost'), name: 'shop' },
    vaultId: config.require('vaultId'),
    adminSecretName: 'shop-rotator',
    resourceGroupName: config.require('resourceGroup'),
    schedule: { cron: '0 4 1 * *', timeZone: 'Europe/Berlin', blackout: [{ from: '2026-12-20', to: '2027-01-02' }] },
    plan,
    subnetId: config.require('subnetId'),
    watch: { workspaceId: config.require('workspaceId'), actionGroupId: config.require('actionGroupId') },
  },
  { dependsOn: role },
);

export const secretName = login.ready;
export const secretScope = login.secretScope;
export const rotator = login.functionAppName;
