import { tags, typeTokens } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOf, Origin, Output, resource, says, unknown, urnOf } from '../testing.js';
import { requireRotationSchedule } from './require-rotation-schedule.js';

const secret = (properties: object = {}) => resource(typeTokens.awsSecret, 'db', properties);
const secretUrn = urnOf(typeTokens.awsSecret, 'db');
const rotation = (rotationRules: unknown, secretId: unknown = new Output(secretUrn)) =>
  resource(typeTokens.awsSecretRotation, 'turn', { secretId, rotationLambdaArn: 'arn:lambda', rotationRules });
const days = (automaticallyAfterDays: unknown) => rotation({ automaticallyAfterDays });
const expression = (scheduleExpression: unknown) => rotation({ scheduleExpression });

describe('require-rotation-schedule', () => {
  it.each([
    { name: 'a rotation at the limit', model: [secret(), days(90)] },
    { name: 'a rate', model: [secret(), expression('rate(12 hours)')] },
    { name: 'the first Sunday of every month', model: [secret(), expression('cron(0 4 ? * 1#1 *)')] },
    {
      name: 'a rotation by name',
      model: [secret({ name: 'app/db' }), rotation({ automaticallyAfterDays: 30 }, 'app/db')],
    },
    {
      name: 'a rotation by ARN',
      model: [
        secret({ name: 'app/db' }),
        rotation({ automaticallyAfterDays: 30 }, 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf'),
      ],
    },
    {
      name: 'a rotation that goes through the version',
      model: [
        secret(),
        resource(typeTokens.awsSecretVersion, 'v', { secretId: new Output(secretUrn), secretString: unknown }),
        rotation({ automaticallyAfterDays: 30 }, new Output(urnOf(typeTokens.awsSecretVersion, 'v'))),
      ],
    },
    { name: "a plan of keyturn's in the tags", model: [secret({ tags: { [tags.plan]: 'dual-user' } })] },
    { name: 'some other resource', model: [resource('aws:s3/bucket:Bucket', 'b')] },
  ])('says nothing about $name', ({ model }) => {
    expect(says(requireRotationSchedule, modelOf(...model))).toEqual([]);
  });

  it.each([
    { name: 'no rotation', model: [secret()], message: 'Nothing rotates the secret db.' },
    {
      name: 'a rotation of another secret',
      model: [secret({ name: 'app/db' }), rotation({ automaticallyAfterDays: 30 }, 'app/db-other')],
      message: 'Nothing rotates the secret db.',
    },
    {
      name: 'a day too slow',
      model: [secret(), days(91)],
      message: 'The rotation turn runs every 91 days, and the limit is 90.',
    },
    {
      name: 'a cron that looks frequent and runs twice a year',
      model: [secret(), expression('cron(0 4 1 1,7 ? *)')],
      message: 'The rotation turn runs every 184 days at the longest, and the limit is 90.',
    },
    { name: 'no schedule at all', model: [secret(), rotation({})], message: 'The rotation turn has no schedule.' },
  ])('finds $name', ({ model, message }) => {
    expect(says(requireRotationSchedule, modelOf(...model))).toEqual([`fail: ${message}`]);
  });

  it.each([
    {
      name: 'an unknown number of days',
      model: [secret(), days(unknown)],
      because: 'turn: its schedule is not known before the deployment',
    },
    {
      name: 'an expression that cannot be read',
      model: [secret(), expression('every now and then')],
      because: 'turn: its schedule expression cannot be read',
    },
    {
      name: 'a rotation of an unknown secret',
      model: [secret(), rotation({ automaticallyAfterDays: 30 }, unknown)],
      because: 'db: a rotation names a secret that is not known before the deployment, and it may be this one',
    },
    {
      name: 'unknown tags',
      model: [secret({ tags: new Origin({ kind: 'unknown' }) })],
      because: 'db: its tags are not known before the deployment',
    },
  ])('does not decide on $name', ({ model, because }) => {
    expect(says(requireRotationSchedule, modelOf(...model))).toEqual([`undecided: ${because}`]);
  });

  it('leaves secrets of a service to the service', () => {
    expect(says(requireRotationSchedule, modelOf(secret({ name: 'rds!cluster-1' })))).toEqual([
      'not applicable: a service of AWS looks after this secret',
    ]);
  });

  it('takes its limit from the options', () => {
    expect(says(requireRotationSchedule, modelOf(secret(), days(8)), { maxDays: 7 })).toEqual([
      'fail: The rotation turn runs every 8 days, and the limit is 7.',
    ]);
  });
});
