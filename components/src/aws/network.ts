import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

/** Subnets and security groups that exist, with a way to Secrets Manager. */
export interface GivenNetwork {
  readonly subnetIds: pulumi.Input<pulumi.Input<string>[]>;
  readonly securityGroupIds: pulumi.Input<pulumi.Input<string>[]>;
}

/** A security group is made that reaches the database and Secrets Manager, and nothing else. */
export interface MadeNetwork {
  readonly vpcId: pulumi.Input<string>;
  readonly subnetIds: pulumi.Input<pulumi.Input<string>[]>;
  /** Security group of the database; it is opened for the function. */
  readonly databaseSecurityGroupId: pulumi.Input<string>;
  /** Whether to make an interface endpoint for Secrets Manager. Without one, the subnets need a way out. Default: true. */
  readonly endpoint?: boolean;
}

export type RotatorNetwork = GivenNetwork | MadeNetwork;

interface Placed {
  readonly subnetIds: pulumi.Input<pulumi.Input<string>[]>;
  readonly securityGroupIds: pulumi.Input<pulumi.Input<string>[]>;
  /** What must be there before the function can work. */
  readonly ready: readonly pulumi.Resource[];
}

/** Where the function runs, and what is made so that it reaches what it needs there. */
export function placeRotator(
  name: string,
  network: RotatorNetwork,
  port: pulumi.Input<number>,
  options: pulumi.CustomResourceOptions,
): Placed {
  if ('securityGroupIds' in network) return { ...network, ready: [] };
  const { vpcId, subnetIds, databaseSecurityGroupId, endpoint = true } = network;
  const group = new aws.ec2.SecurityGroup(
    `${name}-security-group`,
    { vpcId, description: `Rotation function of ${name}: reaches the database and Secrets Manager.` },
    options,
  );
  const between = { fromPort: port, toPort: port, ipProtocol: 'tcp' };
  const toDatabase = new aws.vpc.SecurityGroupEgressRule(
    `${name}-to-database`,
    { securityGroupId: group.id, referencedSecurityGroupId: databaseSecurityGroupId, ...between },
    options,
  );
  const fromRotator = new aws.vpc.SecurityGroupIngressRule(
    `${name}-from-rotator`,
    { securityGroupId: databaseSecurityGroupId, referencedSecurityGroupId: group.id, ...between },
    options,
  );
  const https = { fromPort: 443, toPort: 443, ipProtocol: 'tcp' };
  if (!endpoint) {
    const out = new aws.vpc.SecurityGroupEgressRule(
      `${name}-to-secrets-manager`,
      { securityGroupId: group.id, cidrIpv4: '0.0.0.0/0', ...https },
      options,
    );
    return { subnetIds, securityGroupIds: [group.id], ready: [toDatabase, fromRotator, out] };
  }
  const endpointGroup = new aws.ec2.SecurityGroup(
    `${name}-endpoint-security-group`,
    { vpcId, description: `Endpoint of Secrets Manager for the rotation function of ${name}.` },
    options,
  );
  const out = new aws.vpc.SecurityGroupEgressRule(
    `${name}-to-secrets-manager`,
    { securityGroupId: group.id, referencedSecurityGroupId: endpointGroup.id, ...https },
    options,
  );
  const into = new aws.vpc.SecurityGroupIngressRule(
    `${name}-into-endpoint`,
    { securityGroupId: endpointGroup.id, referencedSecurityGroupId: group.id, ...https },
    options,
  );
  const { region } = aws.getRegionOutput({}, { parent: options.parent ?? group });
  const made = new aws.ec2.VpcEndpoint(
    `${name}-endpoint`,
    {
      vpcId,
      serviceName: pulumi.interpolate`com.amazonaws.${region}.secretsmanager`,
      vpcEndpointType: 'Interface',
      subnetIds,
      securityGroupIds: [endpointGroup.id],
      privateDnsEnabled: true,
    },
    options,
  );
  return { subnetIds, securityGroupIds: [group.id], ready: [toDatabase, fromRotator, out, into, made] };
}
