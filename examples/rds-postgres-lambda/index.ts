import { RotatingDatabaseSecret } from '@keyturn/components/aws';
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

const login = new RotatingDatabaseSecret(
  'shop',
  {
    pair: 'shop',
    database: { host: config.require('databaseHost'), name: 'shop' },
    adminSecretArn: config.require('adminSecretArn'),
    schedule: { cron: '0 4 1 * *', window: '3h' },
    plan,
    network: {
      vpcId: config.require('vpcId'),
      subnetIds: config.requireObject<string[]>('subnetIds'),
      databaseSecurityGroupId: config.require('databaseSecurityGroupId'),
    },
    consumers: { shop: { roleName: config.require('taskRoleName') } },
    alarmTopicArn: config.require('alarmTopicArn'),
  },
  { dependsOn: role },
);

export const secretArn = login.ready;
export const rotator = login.functionArn;
