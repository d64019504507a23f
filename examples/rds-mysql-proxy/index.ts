import { RotatingDatabaseSecret } from '@keyturn/components/aws';
import { DualUserDatabaseRole } from '@keyturn/components/mysql';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const subnetIds = config.requireObject<string[]>('subnetIds');
const plan = { consumers: [{ name: 'shop', chain: [{ kind: 'pool', longest: '30m' }] }] } as const;

const role = new DualUserDatabaseRole('shop', {
  engine: 'mysql',
  rights: [{ database: 'shop' }],
  plan: { ...plan, every: '30 days' },
  connections: { fleet: 40, serverMax: 200 },
});

const login = new RotatingDatabaseSecret(
  'shop',
  {
    pair: 'shop',
    database: { engine: 'mysql', host: config.require('databaseHost'), name: 'shop', users: role.bootstrap },
    adminSecretArn: config.require('adminSecretArn'),
    schedule: { every: '30 days' },
    plan,
    proxy: true,
    network: {
      vpcId: config.require('vpcId'),
      subnetIds,
      databaseSecurityGroupId: config.require('databaseSecurityGroupId'),
    },
  },
  { dependsOn: role },
);

// Both users are registered before the first rotation, so the proxy never refuses the one that is superseded.
const proxyRole = new aws.iam.Role('proxy', {
  assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'rds.amazonaws.com' }),
});
new aws.iam.RolePolicy('proxy', {
  role: proxyRole.id,
  policy: login.proxyPolicy.apply((policy) => policy ?? ''),
});
const proxy = new aws.rds.Proxy('shop', {
  engineFamily: 'MYSQL',
  requireTls: true,
  roleArn: proxyRole.arn,
  vpcSubnetIds: subnetIds,
  auths: login.proxyAuths.apply((auths) => [...auths]),
});
const group = new aws.rds.ProxyDefaultTargetGroup('shop', { dbProxyName: proxy.name });
new aws.rds.ProxyTarget('shop', {
  dbProxyName: proxy.name,
  targetGroupName: group.name,
  dbInstanceIdentifier: config.require('databaseInstance'),
});

export const endpoint = proxy.endpoint;
export const secretArn = login.ready;
export const bootstrap = role.bootstrap;
