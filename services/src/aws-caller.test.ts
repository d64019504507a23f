import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type AwsCaller, AwsRefusal, startAwsCaller } from './aws-caller.js';
import type { HttpService } from './http-service.js';
import { startMoto } from './moto.js';
import { orNotRun } from './part-missing.js';

let moto: HttpService | undefined;
let aws: AwsCaller;
let missing: string | undefined;

beforeAll(async () => {
  const started = await orNotRun(startMoto);
  missing = started.because;
  if (!started.part) return;
  moto = started.part;
  aws = await startAwsCaller(moto.url);
}, 300_000);

afterAll(async () => {
  await aws?.stop();
  await moto?.stop();
});

beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const createSecret = async (parameters: Record<string, unknown>) =>
  await aws.call({ service: 'secretsmanager', operation: 'CreateSecret', parameters });

describe('startAwsCaller', { timeout: 120_000 }, () => {
  it('gives what the API answers', async () => {
    expect(await createSecret({ Name: 'one' })).toMatchObject({ Name: 'one' });
    await expect(createSecret({ Name: 'one' })).rejects.toThrow(/ResourceExistsException/);
  });

  it.each([
    { name: 'a parameter that it does not have', parameters: { Name: 'x', Colour: 'red' }, says: 'Colour' },
    { name: 'a wrong type', parameters: { Name: 'x', Tags: 'red' }, says: 'Invalid type for parameter Tags' },
    { name: 'a missing parameter', parameters: {}, says: 'Missing required parameter in input: "Name"' },
    { name: 'a text that is too long', parameters: { Name: 'x'.repeat(513) }, says: 'is 513 long, and 512' },
  ])("refuses what the API's model does not allow: $name", async ({ parameters, says }) => {
    const refused = createSecret(parameters);
    await expect(refused).rejects.toThrow(AwsRefusal);
    await expect(refused).rejects.toThrow(says);
  });

  it("refuses a text that does not match the model's pattern, and one that is in no set of values", async () => {
    const role = (Value: string) => ({ RoleName: 'r', AssumeRolePolicyDocument: '{}', Tags: [{ Key: 'k', Value }] });
    await expect(aws.call({ service: 'iam', operation: 'CreateRole', parameters: role('{"a":1}') })).rejects.toThrow(
      'CreateRole.Tags[0].Value is {"a":1}, which does not match',
    );
    const alarm = { AlarmName: 'a', EvaluationPeriods: 1, ComparisonOperator: 'About' };
    await expect(aws.call({ service: 'cloudwatch', operation: 'PutMetricAlarm', parameters: alarm })).rejects.toThrow(
      'ComparisonOperator is About',
    );
  });
});
