import * as aws from '@pulumi/aws';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

async function main() {
  const zones = await aws.getAvailabilityZones();
  const subnets = zones.names.slice(0, 2).map(
    (zone, index) =>
      new aws.ec2.Subnet(`subnet-${index}`, {
        vpcId: 'vpc-1',
        availabilityZone: zone,
        cidrBlock: `10.0.${index}.0/24`,
      }),
  );
  const network = new pulumi.StackReference('network');
  const secret = new k8s.core.v1.Secret('db', { stringData: { url: network.requireOutput('databaseUrl') } });
  new k8s.apps.v1.Deployment('shop', {
    spec: {
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: {
          containers: [{ name: 'shop', image: 'shop', envFrom: [{ secretRef: { name: secret.metadata.name } }] }],
        },
      },
    },
  });
  return { subnets: subnets.map(({ id }) => id) };
}
export = main;
