import { afterEach, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.remove();
});

it('a program accepts findings at its resources, and is told when that is over, covers nothing or names no rule', async () => {
  const world = makeWorld({
    'Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
    'package.json': '{ "name": "shop" }',
    'index.ts': `import * as aws from '@pulumi/aws';
import { accept } from '@keyturn/policies/accept';
const rule = 'no-hardcoded-password';
const args = { instanceClass: 'db.t3.micro', username: 'app', password: 'correct-horse' };
new aws.rds.Instance('accepted', args, accept({ rule, reason: 'a throw-away database' }));
new aws.rds.Instance('over', args, accept({ rule, reason: 'moves soon', until: '2020-01-01' }));
new aws.s3.Bucket('idle', {}, accept({ rule, reason: 'was a database once' }));
new aws.s3.Bucket('wrong', {}, accept({ rule: 'no-such-rule', reason: 'a guess' }));
`,
  });
  worlds.push(world);

  const { code, out, err } = await world.keyturn('check', '--format', 'json');

  expect(code, err).toBe(1);
  const report = JSON.parse(out) as {
    findings: { rule: string; place: { line: number } }[];
    suppressed: { finding: { rule: string; place: { line: number } }; reason: string; by: string }[];
  };
  const about = /^(?:no-hardcoded-password|exception-)/;
  const found = report.findings.filter(({ rule }) => about.test(rule));
  expect(found.map(({ rule, place }) => `${rule} ${place.line}`).sort()).toEqual([
    'exception-expired 6',
    'exception-malformed 8',
    'exception-unused 7',
    'no-hardcoded-password 6',
  ]);
  expect(report.suppressed).toMatchObject([
    { finding: { rule: 'no-hardcoded-password', place: { line: 5 } }, reason: 'a throw-away database', by: 'comment' },
  ]);
}, 180_000);

it('one comment above a setting names both rules that see it there, and one above a resource covers it by either name', async () => {
  const world = makeWorld({
    'Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
    'package.json': '{ "name": "shop" }',
    'index.ts': `import * as aws from '@pulumi/aws';
new aws.rds.Instance('setting', {
  instanceClass: 'db.t3.micro',
  // keyturn-ignore-next-line no-hardcoded-password, no-hardcoded-credential -- a throw-away database
  password: 'hunter2-not-really-9',
});
// keyturn-ignore-next-line no-hardcoded-password -- a throw-away database
new aws.rds.Instance('resource', {
  instanceClass: 'db.t3.micro',
  password: 'hunter2-not-really-9',
});
new aws.rds.Instance('neither', {
  instanceClass: 'db.t3.micro',
  password: 'hunter2-not-really-9',
});
`,
  });
  worlds.push(world);

  const { out } = await world.keyturn('check', '--format', 'json');

  const { findings } = JSON.parse(out) as { findings: { rule: string; place: { line: number } }[] };
  const about = /^(?:no-hardcoded-|exception-)/;
  expect(findings.filter(({ rule }) => about.test(rule)).map(({ rule, place }) => `${rule} ${place.line}`)).toEqual([
    'no-hardcoded-password 12',
  ]);
}, 180_000);
