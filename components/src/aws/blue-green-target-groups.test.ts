import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';

import { GraduallyError } from '../gradually-error.js';
import {
  BlueGreenTargetGroups,
  type BlueGreenTargetGroupsArgs,
  TargetGroupsError,
} from './blue-green-target-groups.js';
import { RotatingDatabaseSecret, type RotatingDatabaseSecretArgs } from './rotating-database-secret.js';

const args: BlueGreenTargetGroupsArgs = {
  vpcId: 'vpc-1',
  listenerArn: 'arn:listener',
  priority: 10,
  pair: 'shop',
  port: 8080,
  healthPath: '/ready',
};
const job = {
  oidcProviderArn: 'arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC',
  namespace: 'shop',
  name: 'shop-rotation',
};
const inputs = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs: given }) => {
      const state = given as Record<string, unknown>;
      inputs.set(name, state);
      return { id: `${name}-id`, state: { ...state, arn: `arn:${name}` } };
    },
    call: ({ inputs: given }) => given,
  });
});

const value = async <T>(output: pulumi.Input<T>): Promise<T> =>
  await new Promise<T>((resolve) => void pulumi.output(output).apply((known) => resolve(known as T)));

async function build(name: string, change: Partial<BlueGreenTargetGroupsArgs> = {}) {
  const lines: string[] = [];
  const ignored = new Map<string, readonly string[]>();
  const note = ({ name: child, type, opts }: pulumi.ResourceTransformationArgs): undefined => {
    const parent = opts.parent as { __name?: string } | undefined;
    lines.push(`${child}: ${type}${parent?.__name === undefined ? '' : ` < ${parent.__name}`}`);
    ignored.set(child, (opts as pulumi.CustomResourceOptions).ignoreChanges ?? []);
  };
  const groups = new BlueGreenTargetGroups(name, { ...args, ...change }, { transformations: [note] });
  await value(groups.ready);
  return { groups, lines, ignored };
}

describe('the children of BlueGreenTargetGroups', () => {
  it('have names that never change', async () => {
    expect((await build('web', { job })).lines).toEqual([
      'web: keyturn:aws:BlueGreenTargetGroups',
      'web-a: aws:lb/targetGroup:TargetGroup < web',
      'web-b: aws:lb/targetGroup:TargetGroup < web',
      'web-rule: aws:lb/listenerRule:ListenerRule < web',
      'web-role: aws:iam/role:Role < web',
      'web-rights: aws:iam/rolePolicy:RolePolicy < web',
    ]);
    expect((await build('bare')).lines).toHaveLength(4);
  });

  it('are a rule that forwards everything to the fleet of the user that serves, and leaves the weights to the job', async () => {
    const { ignored } = await build('green', { serves: 'shop_b', hosts: ['shop.example'], longestRequest: '2m' });
    expect(inputs.get('green-rule')).toMatchObject({
      listenerArn: 'arn:listener',
      priority: 10,
      conditions: [{ hostHeader: { values: ['shop.example'] } }, { pathPattern: { values: ['/*'] } }],
      actions: [
        {
          type: 'forward',
          forward: {
            targetGroups: [
              { arn: 'arn:green-a', weight: 0 },
              { arn: 'arn:green-b', weight: 100 },
            ],
          },
        },
      ],
    });
    expect(ignored.get('green-rule')).toEqual(['actions', 'tags', 'tagsAll']);
    expect(inputs.get('green-b')).toMatchObject({ targetType: 'ip', port: 8080, deregistrationDelay: 120 });
  });

  it('give the job of one service account the right to move this rule, and say so to whom they are handed', async () => {
    const { groups } = await build('own', { job });
    const trust = JSON.parse(String(inputs.get('own-role')?.['assumeRolePolicy'])) as { Statement: unknown[] };
    expect(trust.Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Federated: job.oidcProviderArn },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            'oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub': 'system:serviceaccount:shop:shop-rotation',
            'oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud': 'sts.amazonaws.com',
          },
        },
      },
    ]);
    expect(inputs.get('own-rights')).toMatchObject({ role: 'own-role-id', policy: await value(groups.policy) });
    expect(await value(groups.traffic)).toEqual({
      ruleArn: 'arn:own-rule',
      arns: { shop_a: 'arn:own-a', shop_b: 'arn:own-b' },
      roleArn: 'arn:own-role',
    });
    const bare = await build('alone');
    expect(await value(bare.groups.roleArn)).toBeUndefined();
    expect(bare.groups.traffic).not.toHaveProperty('roleArn');
  });
});

describe('what is refused', () => {
  it.each<{ change: Partial<BlueGreenTargetGroupsArgs>; says: string }>([
    { change: { serves: 'shop_c' }, says: '`serves` is shop_c, and the users of the pair are shop_a and shop_b.' },
    { change: { priority: 0 }, says: '`priority` has to be a whole number, 1 to 50,000, got 0.' },
    { change: { healthEvery: '2s' }, says: '`healthEvery` has to be whole seconds, 5 to 300, got 2s.' },
    { change: { longestRequest: '2h' }, says: '`longestRequest` has to be whole seconds, 0 to 3600, got 2h.' },
    { change: { hosts: ['a', 'b', 'c'], paths: ['/d', '/e', '/f'] }, says: '`hosts` and `paths` have 6.' },
  ])('by BlueGreenTargetGroups: $says', ({ change, says }) => {
    const broken = () => new BlueGreenTargetGroups('refused', { ...args, ...change });
    expect(broken).toThrow(TargetGroupsError);
    expect(broken).toThrow(says);
  });

  it('a trial with part of the traffic, by RotatingDatabaseSecret', () => {
    const secret = {
      pair: 'shop',
      database: { host: 'db.internal', name: 'shop' },
      adminSecretArn: 'arn:admin',
      schedule: { cron: '0 4 1 * *' },
      plan: { consumers: [] },
      // Programs in other languages and without types.
      gradually: { targetGroups: {} },
    } as unknown as RotatingDatabaseSecretArgs;
    const broken = () => new RotatingDatabaseSecret('refused', secret);
    expect(broken).toThrow(GraduallyError);
    expect(broken).toThrow('four steps that cannot pause between test and finish');
  });
});
