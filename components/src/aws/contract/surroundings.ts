import type { AwsCaller } from '@keyturn/services';

import type { Parameters } from './translate.js';

/** What is there before the component is: an account with a network, a database's security group, an admin secret and a service. */
export interface Surroundings {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly databaseSecurityGroupId: string;
  readonly adminSecretArn: string;
  readonly adminKmsKeyArn: string;
  readonly replicaKmsKeyArn: string;
  readonly topicArn: string;
  readonly clusterArn: string;
  readonly serviceArn: string;
  readonly consumerRole: string;
}

const trusts = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });

/** Makes them through the API. */
export async function surroundingsOf(aws: AwsCaller, replicaRegion: string): Promise<Surroundings> {
  const ask = async (does: string, parameters: Parameters, ...path: readonly string[]): Promise<string> =>
    await askIn(undefined, does, parameters, ...path);
  const askIn = async (
    region: string | undefined,
    does: string,
    parameters: Parameters,
    ...path: readonly string[]
  ): Promise<string> => {
    const [service = '', operation = ''] = does.split(' ');
    const answer = await aws.call({ service, operation, parameters, ...(region && { region }) });
    return String(path.reduce<unknown>((here, step) => (here as Parameters)[step], answer));
  };

  const vpcId = await ask('ec2 CreateVpc', { CidrBlock: '10.0.0.0/16' }, 'Vpc', 'VpcId');
  await ask('ec2 ModifyVpcAttribute', { VpcId: vpcId, EnableDnsHostnames: { Value: true } });
  const subnet = async (CidrBlock: string, AvailabilityZone: string): Promise<string> =>
    await ask('ec2 CreateSubnet', { VpcId: vpcId, CidrBlock, AvailabilityZone }, 'Subnet', 'SubnetId');
  const subnetIds = [await subnet('10.0.1.0/24', 'eu-west-1a'), await subnet('10.0.2.0/24', 'eu-west-1b')];
  const group = { VpcId: vpcId, GroupName: 'database', Description: 'The database.' };
  const databaseSecurityGroupId = await ask('ec2 CreateSecurityGroup', group, 'GroupId');

  const adminKmsKeyArn = await ask('kms CreateKey', { Description: 'admin' }, 'KeyMetadata', 'Arn');
  const admin = { Name: 'admin', KmsKeyId: adminKmsKeyArn, SecretString: '{"username":"rotator","password":"x"}' };
  const adminSecretArn = await ask('secretsmanager CreateSecret', admin, 'ARN');
  const replicaKmsKeyArn = await askIn(replicaRegion, 'kms CreateKey', {}, 'KeyMetadata', 'Arn');
  const topicArn = await ask('sns CreateTopic', { Name: 'alarms' }, 'TopicArn');

  const clusterArn = await ask('ecs CreateCluster', { clusterName: 'shop' }, 'cluster', 'clusterArn');
  const container = { name: 'web', image: 'web', memory: 128 };
  await ask('ecs RegisterTaskDefinition', { family: 'web', containerDefinitions: [container] });
  const service = { cluster: 'shop', serviceName: 'web', taskDefinition: 'web', desiredCount: 1 };
  const serviceArn = await ask('ecs CreateService', service, 'service', 'serviceArn');
  const role = { RoleName: 'web', AssumeRolePolicyDocument: trusts('ecs-tasks.amazonaws.com') };
  const consumerRole = await ask('iam CreateRole', role, 'Role', 'RoleName');
  await ask('iam CreateRole', { RoleName: 'proxy', AssumeRolePolicyDocument: trusts('rds.amazonaws.com') });
  return {
    vpcId,
    subnetIds,
    databaseSecurityGroupId,
    adminSecretArn,
    adminKmsKeyArn,
    replicaKmsKeyArn,
    topicArn,
    clusterArn,
    serviceArn,
    consumerRole,
  };
}
