import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const packages = path.join(import.meta.dirname, '..', '..', '..', 'node_modules', '@pulumi');

const files = {
  'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
  'infra/package.json': '{ "name": "shop" }',
  'infra/index.ts': `import * as pulumi from '@pulumi/pulumi';
class Bucket extends pulumi.CustomResource {
  constructor(name: string, acl: string) {
    super('aws:s3/bucket:Bucket', name, { acl });
  }
}
export const logs = new Bucket('logs', 'private');
// keyturn-ignore-next-line house:no-public-bucket -- it serves the home page
export const site = new Bucket('site', 'public-read');
export const open = new Bucket('open', 'public-read');
`,
  'house/PulumiPolicy.yaml': 'runtime:\n  name: nodejs\n',
  'house/package.json': '{ "name": "house", "version": "1.0.0", "main": "index.js" }',
  'house/index.js': `const { PolicyPack } = require('@pulumi/policy');
new PolicyPack('house', {
  policies: [
    {
      name: 'no-public-bucket',
      description: 'Buckets are private.',
      severity: 'high',
      enforcementLevel: 'mandatory',
      validateResource(args, report) {
        if (args.props.acl === 'public-read') report('It is public.');
      },
    },
  ],
});
`,
};

let world: World | undefined;
afterEach(() => world?.remove());

function make(more: Readonly<Record<string, string>> = {}): World {
  world = makeWorld({ ...files, ...more });
  mkdirSync(path.join(world.folder, 'house', 'node_modules'));
  symlinkSync(packages, path.join(world.folder, 'house', 'node_modules', '@pulumi'));
  return world;
}

it('the findings of another pack are like ours: with a line, under a comment, in the exit code, and without a page', async () => {
  const { code, out, err } = await make().keyturn('check', 'infra', '--policy-pack', 'house', '--format', 'json');
  expect(err).toBe('');
  const report = JSON.parse(out) as JsonReport;
  const about = {
    rule: 'house:no-public-bucket',
    severity: 'high',
    level: 'block',
    message: 'Buckets are private. It is public.',
  };
  const ofThePack = report.findings.filter(({ rule }) => rule.startsWith('house:'));
  expect(ofThePack).toMatchObject([{ ...about, place: { file: 'infra/index.ts', line: 10 } }]);
  expect(ofThePack[0]).not.toHaveProperty('page');
  expect(report.suppressed).toMatchObject([
    { by: 'comment', reason: 'it serves the home page', finding: { ...about, place: { line: 9 } } },
  ]);
  expect(code).toBe(1);
});

it('a report says how programs were kept from the network, and what they asked for', async () => {
  const { out } = await make({
    'infra/index.ts':
      "import * as net from 'node:net';\nnet.connect(443, 'example.com').on('error', () => undefined);\n",
  }).keyturn('check', 'infra', '--format', 'json', '--format', 'pretty=report.txt', '--format', 'sarif=report.sarif');
  const { network } = JSON.parse(out) as JsonReport;
  expect(network).toEqual({
    guard: expect.stringMatching(/^(?:process|namespace)$/) as string,
    refused: ['example.com:443'],
  });
});

it('a pack that does not run makes the check incomplete', async () => {
  const { code, out } = await make({ 'house/index.js': "throw new Error('no rules today');\n" }).keyturn(
    'check',
    'infra',
    '--policy-pack',
    'house',
    '--format',
    'json',
  );
  expect(code).toBe(3);
  expect((JSON.parse(out) as JsonReport).notAnalysed).toMatchObject([
    { what: 'the policy pack house', because: 'it did not start: Error: no rules today', extent: 'whole' },
  ]);
});
