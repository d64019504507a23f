import { describe, expect, it } from 'vitest';

import type { Recording } from './recording.js';
import { property, recordToEnd } from './testing.js';

const record = async (files: Readonly<Record<string, string>>): Promise<Recording> => await recordToEnd(files, 60_000);

const aws = `import * as aws from '@pulumi/aws';\n`;
const parameter = (name: string, value: string): string =>
  `new aws.ssm.Parameter('${name}', { type: 'String', value: ${value} });\n`;

describe('what a program asks for and does not have', { timeout: 120_000 }, () => {
  it.each([
    { name: 'CommonJS', type: 'commonjs' },
    { name: 'an ES module', type: 'module' },
  ])('an SDK that is not installed, in $name: its classes make resources with a line', async ({ type }) => {
    const recording = await record({
      'package.json': JSON.stringify({ name: 'shop', type }),
      'index.ts': `${aws}import * as ovh from '@pulumi/ovh-cloud';
import { tidy } from 'no-such-package-anywhere';

const cluster = new ovh.cloudproject.Kube('cluster', { region: ovh.Region.GRA1, password: 'correct-horse' });
${parameter('kubeconfig', 'cluster.kubeconfig')}${parameter('tidy', 'tidy(cluster.name)')}`,
    });
    const cluster = recording.resources.find(({ name }) => name === 'cluster');
    expect(cluster).toMatchObject({ type: 'ovh-cloud:cloudproject/kube:Kube', custom: true, place: { line: 5 } });
    expect(property(recording, 'cluster', 'password')).toMatchObject({ kind: 'known', value: 'correct-horse' });
    expect(property(recording, 'cluster', 'region')).toMatchObject({ kind: 'unknown' });
    expect(property(recording, 'kubeconfig', 'value')).toMatchObject({ kind: 'unknown' });
    expect(property(recording, 'tidy', 'value')).toMatchObject({ kind: 'unknown' });
    const whole = recording.notAnalysed.filter(({ extent }) => extent === 'whole').map(({ what }) => what);
    expect(whole).toEqual(
      expect.arrayContaining(['the module @pulumi/ovh-cloud', 'the module no-such-package-anywhere']),
    );
  });

  it('members that the installed version of an SDK lacks', async () => {
    const recording = await record({
      'index.ts': `${aws}
new aws.oldtimes.Ledger('ledger', { token: 'abc' });
const bucket = new aws.s3.Bucket('bucket');
${parameter('grant', '(bucket as any).grantsOfOld.owner')}`,
    });
    expect(recording.resources.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'aws:oldtimes/ledger:Ledger ledger',
      'aws:s3/bucket:Bucket bucket',
      'aws:ssm/parameter:Parameter grant',
    ]);
    expect(recording.notAnalysed).toContainEqual({
      what: 'the member @pulumi/aws.oldtimes.Ledger',
      because: 'the package that is installed has no such member, so what the program makes with it was guessed',
      place: { file: 'index.ts', line: 3, column: 1 },
      extent: 'whole',
    });
  });

  it('a property that an SDK requires', async () => {
    const recording = await record({
      'index.ts': `${aws}new aws.ssm.Parameter('untyped', { value: 'x' } as any);\nnew aws.s3.Bucket('after');\n`,
    });
    expect(recording.resources.map(({ name }) => name)).toEqual(['untyped', 'after']);
    expect(recording.notAnalysed).toMatchObject([
      { what: 'the property type of untyped', place: { file: 'index.ts', line: 2 } },
    ]);
  });

  it('files, folders and commands', async () => {
    const recording = await record({
      'index.ts': `${aws}import * as fs from 'node:fs';
import { execSync } from 'node:child_process';
const settings = JSON.parse(fs.readFileSync('settings.json', 'utf8'));
${parameter('page', "fs.readFileSync('dist/index.html').toString()")}${parameter('setting', 'settings.a.b')}
for (const file of fs.readdirSync('pages')) new aws.s3.Bucket(file);
${parameter('commit', "execSync('no-such-tool --short').toString().trim()")}`,
    });
    expect(property(recording, 'page', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'file', path: 'dist/index.html' },
    });
    expect(property(recording, 'setting', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'file', path: 'settings.json' },
    });
    expect(property(recording, 'commit', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'fetched-at-deploy', token: 'no-such-tool' },
    });
    expect(recording.notAnalysed.map(({ what }) => what)).toEqual([
      'the file settings.json',
      'the file dist/index.html',
      'the file pages',
      'the command no-such-tool',
    ]);
  });

  it('what fetch would have got', async () => {
    const recording = await record({
      'index.ts': `${aws}export = async () => {
  const address = (await (await fetch('https://ip.example.com/mine')).text()).trim();
  ${parameter('address', 'address')}};
`,
    });
    expect(recording.refused).toContain('ip.example.com');
    expect(property(recording, 'address', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'fetched-at-deploy', token: 'ip.example.com' },
    });
  });

  it.each([
    { name: 'a word of a table', use: "({ small: { n: 'one' }, big: { n: 'two' } } as any)[SETTING].n" },
    { name: 'a URL', use: 'new URL(SETTING).hostname' },
    { name: 'a number', use: "Number.isNaN(Number(SETTING)) ? raise('must be a number') : SETTING" },
    { name: 'an address', use: "SETTING.includes('@') ? SETTING : raise('not an e-mail address')" },
    { name: 'one of a list', use: "['red', 'blue'].includes(SETTING) ? SETTING : raise('must be one of red, blue')" },
  ])('a setting that must be $name', async ({ use }) => {
    const program = (setting: string): string => `${aws}import * as pulumi from '@pulumi/pulumi';
function raise(message: string): never { throw new Error(message); }
${parameter('used', use.replaceAll('SETTING', setting))}void pulumi;\n`;
    const [environment, config] = await Promise.all([
      record({ 'index.ts': program("process.env['SETTING']!") }),
      record({ 'index.ts': program("new pulumi.Config().require('setting')") }),
    ]);
    expect(environment.resources.map(({ name }) => name)).toEqual(['used']);
    expect(config.resources.map(({ name }) => name)).toEqual(['used']);
  });
});
