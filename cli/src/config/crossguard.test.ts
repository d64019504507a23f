import { afterEach, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.remove();
});

/** `keyturn check` over a Secret that is rotated every 200 days and a password that is written out. */
async function check(config: object) {
  const world = makeWorld({
    'infra/Pulumi.yaml': `name: shop
runtime: yaml
resources:
  db:
    type: aws:secretsmanager:Secret
    properties: { name: db }
  rotation:
    type: aws:secretsmanager:SecretRotation
    properties: { secretId: '\${db.id}', rotationLambdaArn: arn, rotationRules: { automaticallyAfterDays: 200 } }
  instance:
    type: aws:rds:Instance
    properties: { instanceClass: db.t3.micro, username: app, password: correct-horse }
`,
    'pack.json': JSON.stringify(config),
  });
  worlds.push(world);
  const { code, out, err } = await world.keyturn('check', 'infra', '--config', 'pack.json', '--format', 'json');
  const { findings = [] } = (out === '' ? {} : JSON.parse(out)) as { findings?: { rule: string; level: string }[] };
  return { code, err, found: findings.map(({ rule, level }) => `${rule} ${level}`) };
}

it('the configuration of a policy pack is taken: levels, options, and `all` for the rest', async () => {
  const { code, found, err } = await check({
    all: 'disabled',
    'keyturn-undecided': 'disabled',
    'no-hardcoded-password': 'mandatory',
    'require-rotation-schedule': { enforcementLevel: 'advisory', maxDays: 60 },
  });
  expect(code, err).toBe(1);
  expect(found.sort()).toEqual(['no-hardcoded-password block', 'require-rotation-schedule warn']);
});

it('an option of it changes what is found', async () => {
  const config = (maxDays: number) => ({
    all: 'disabled',
    'require-rotation-schedule': { enforcementLevel: 'advisory', maxDays },
  });
  expect((await check(config(60))).found).toEqual(['require-rotation-schedule warn']);
  expect((await check(config(300))).found).toEqual([]);
});

it('a policy that does not exist is refused, with what may have been meant', async () => {
  const { code, err } = await check({ 'no-hardcoded-pasword': 'mandatory' });
  expect(code).toBe(2);
  expect(err).toContain('no-hardcoded-password');
});
