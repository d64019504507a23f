import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { recordProgram, runPack } from '../index.js';
import { writeProgram } from '../testing.js';

const canary = 'canary-6f1c22a9';

const program = writeProgram({
  'index.ts': `import * as pulumi from '@pulumi/pulumi';
class Bucket extends pulumi.CustomResource {
  constructor(name: string, props: pulumi.Inputs) {
    super('aws:s3/bucket:Bucket', name, props);
  }
}
const logs = new Bucket('logs', { acl: 'private' });
new Bucket('open', { acl: 'public-read', note: pulumi.secret('${canary}') });
new Bucket('linked', { acl: logs.id, tags: { of: new pulumi.Config().require('team') } });
`,
});

const pack = writePack(`const { PolicyPack, validateResourceOfType } = require('@pulumi/policy');
new PolicyPack('house', {
  policies: [
    {
      name: 'no-public-bucket',
      description: 'Buckets are private.',
      severity: 'high',
      enforcementLevel: 'mandatory',
      validateResource(args, report) {
        if (args.type !== 'aws:s3/bucket:Bucket') return;
        if (args.props.acl === 'public-read') report('It is public, and says ' + args.props.note + ' to ' + process.env.AWS_PROFILE + '.');
      },
    },
    {
      name: 'tagged',
      description: 'Buckets have tags.',
      enforcementLevel: 'remediate',
      remediateResource(args) {
        if (args.type === 'aws:s3/bucket:Bucket' && args.props.tags === undefined) return { ...args.props, tags: { by: 'house' } };
      },
    },
    {
      name: 'one-of-each',
      description: 'There is one bucket.',
      enforcementLevel: 'advisory',
      validateStack(args, report) {
        const buckets = args.resources.filter((each) => each.type === 'aws:s3/bucket:Bucket');
        if (buckets.length > 1) report(buckets.length + ' buckets');
      },
    },
  ],
});
`);

function writePack(source: string, more: Readonly<Record<string, string>> = {}) {
  const written = writeProgram({
    'PulumiPolicy.yaml': 'runtime: nodejs\n',
    'package.json': '{ "name": "house", "version": "2.1.0", "main": "index.js" }',
    'index.js': source,
    ...more,
  });
  const packages = path.join(import.meta.dirname, '..', '..', '..', 'node_modules', '@pulumi');
  mkdirSync(path.join(written.directory, 'node_modules'));
  symlinkSync(packages, path.join(written.directory, 'node_modules', '@pulumi'));
  return written;
}

afterAll(() => {
  program.remove();
  pack.remove();
});

describe('a policy pack of somebody else', () => {
  it('judges a recording: violations, what waits for the deployment, what it would change; and no secret comes back', async () => {
    process.env['AWS_PROFILE'] = 'production';
    const recording = await recordProgram({ directory: program.directory });
    const result = await runPack(recording, { directory: pack.directory });
    delete process.env['AWS_PROFILE'];
    const bucket = (name: string) => `urn:pulumi:dev::shop::aws:s3/bucket:Bucket::${name}`;
    const changes = 'It changes the resource: Buckets have tags.';
    expect(result).toEqual({
      name: 'house',
      version: '2.1.0',
      ended: 'complete',
      policies: [
        { name: 'no-public-bucket', description: 'Buckets are private.', severity: 'high' },
        { name: 'tagged', description: 'Buckets have tags.', severity: 'medium' },
        { name: 'one-of-each', description: 'There is one bucket.', severity: 'medium' },
      ],
      violations: [
        { policy: 'tagged', urn: bucket('logs'), kind: 'remediate', message: changes },
        { policy: 'tagged', urn: bucket('open'), kind: 'remediate', message: changes },
        {
          policy: 'no-public-bucket',
          urn: bucket('open'),
          kind: 'mandatory',
          message: 'Buckets are private.\nIt is public, and says [secret] to undefined.',
        },
        {
          policy: 'no-public-bucket',
          urn: bucket('linked'),
          kind: 'undecided',
          message: expect.stringContaining("can't be known during preview") as string,
        },
        { policy: 'one-of-each', kind: 'advisory', message: 'There is one bucket.\n3 buckets' },
      ],
    });
  });

  it.each([
    [
      'has no PulumiPolicy.yaml',
      { 'PulumiPolicy.yaml': undefined },
      'there is no PulumiPolicy.yaml in it. Give the folder of a CrossGuard policy pack',
    ],
    [
      'is written in Python',
      { 'PulumiPolicy.yaml': 'runtime: python\n' },
      'its runtime is python, and only packs of nodejs can be run',
    ],
    [
      'is a folder without YAML',
      { 'PulumiPolicy.yaml': '{' },
      'its runtime is not given, and only packs of nodejs can be run',
    ],
    [
      'throws as it loads',
      { 'index.js': "throw new Error('no rules today');\n" },
      'it did not start: Error: no rules today',
    ],
    ['never answers', { 'index.js': 'for (;;) {}\n' }, 'it did not start within 3 s', 3_000],
    [
      'asks for the network',
      { 'index.js': "require('node:net').connect(443, 'example.com');\n" },
      'it did not start: NetworkRefused: The recorder runs programs without a network, and this one asked for example.com:443.',
    ],
  ])('that %s is not clean, and says why', async (_what, files, reason, timeoutMs = 25_000) => {
    const broken = writePack(
      '',
      Object.fromEntries(Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    );
    const directory =
      'PulumiPolicy.yaml' in files && files['PulumiPolicy.yaml'] === undefined ? program.directory : broken.directory;
    try {
      const recording = { resources: [], project: 'shop', stack: 'dev' };
      const result = await runPack(recording, { directory, timeoutMs });
      expect(result).toMatchObject({ ended: 'failed', reason, violations: [] });
    } finally {
      broken.remove();
    }
  });
});
