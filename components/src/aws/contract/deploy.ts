import type { AwsCaller } from '@keyturn/services';
import * as pulumi from '@pulumi/pulumi';
import { expect, vi } from 'vitest';

import { RotatingDatabaseSecret } from '../rotating-database-secret.js';
import { apply } from './apply.js';
import type { Parameters } from './translate.js';
import type { Surroundings } from './surroundings.js';

export const region = 'eu-west-1';
export const replicaRegion = 'eu-central-1';

export interface Deployed {
  readonly secret: RotatingDatabaseSecret;
  /** Ids and outputs by name, as the API gave them. */
  readonly made: ReadonlyMap<string, Parameters & { readonly id: unknown }>;
  /** What the tables do not know, and what the API refused. */
  readonly refused: readonly string[];
}

/** Makes the component with every option that it has, each child through the API; references are what the API answered. */
export async function deploy(aws: AwsCaller, there: Surroundings): Promise<Deployed> {
  const made = new Map<string, Parameters & { readonly id: unknown }>();
  const refused: string[] = [];
  let children = 0;
  await pulumi.runtime.setMocks({
    newResource: async ({ name, type, inputs, custom }) => {
      const given = inputs as Record<string, unknown>;
      if (custom !== true) return { id: '', state: given };
      const outputs = await apply(aws, { name, type, inputs: given }).catch((error: unknown) => {
        refused.push(`${name}: ${String(error)}`);
        return { id: `${name}-refused` };
      });
      made.set(name, outputs);
      return { id: String(outputs.id), state: { ...given, ...outputs } };
    },
    call: ({ token, inputs }) => (token === 'aws:index/getRegion:getRegion' ? { region } : inputs),
  });
  const names = ['web', 'orders', 'billing', 'reports', 'search'];
  const secret = new RotatingDatabaseSecret(
    'db',
    {
      pair: 'shop',
      database: { host: 'db.internal', name: 'shop' },
      adminSecretArn: there.adminSecretArn,
      adminKmsKeyArn: there.adminKmsKeyArn,
      schedule: { cron: '0 4 1 * *', window: '3h' },
      plan: {
        soak: '1h',
        consumers: names.map((name) => ({
          name,
          chain: [
            { kind: 'cache', name: 'cache of the client', longest: '5m' },
            { kind: 'pool', longest: '30m' },
          ],
        })),
      },
      endpoints: [{ name: 'reader', kind: 'reader', host: 'reader.internal', port: 5432 }],
      replicas: [{ region: replicaRegion, kmsKeyArn: there.replicaKmsKeyArn }],
      consumers: {
        web: {
          roleName: there.consumerRole,
          ecsService: { clusterArn: there.clusterArn, serviceArn: there.serviceArn },
        },
        green: { stages: ['AWSPENDING'] },
      },
      proxy: true,
      network: {
        vpcId: there.vpcId,
        subnetIds: [...there.subnetIds],
        databaseSecurityGroupId: there.databaseSecurityGroupId,
      },
      alarmTopicArn: there.topicArn,
      logDays: 90,
    },
    { transformations: [({ type }) => void (children += type.startsWith('aws:') ? 1 : 0)] },
  );
  await vi.waitFor(() => expect(made.size).toBe(children), { timeout: 200_000, interval: 100 });
  return { secret, made, refused };
}
