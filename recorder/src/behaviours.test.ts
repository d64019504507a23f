import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { recordProgram } from './record-program.js';
import type { RecordOptions, Recording } from './recording.js';
import { property, writeProgram } from './testing.js';

vi.setConfig({ testTimeout: 120_000 });
const programs: (() => void)[] = [];
afterEach(() => {
  for (const remove of programs.splice(0)) remove();
});

/** Records a program that must run to its end. */
async function record(
  files: Readonly<Record<string, string>>,
  options: Partial<RecordOptions> = {},
): Promise<Recording> {
  const { directory, remove } = writeProgram(files);
  programs.push(remove);
  const recording = await recordProgram({ directory, timeoutMs: 60_000, ...options });
  expect(recording.reason).toBeUndefined();
  expect(recording.ended).toBe('complete');
  return recording;
}

function lines({ resources }: Recording): readonly string[] {
  return resources.map(({ name, place }) => `${name} ${place?.file}:${place?.line}`);
}

const imports = `import * as pulumi from '@pulumi/pulumi';\nimport * as aws from '@pulumi/aws';\n`;
const parameter = (name: string, value: string): string =>
  `new aws.ssm.Parameter('${name}', { type: 'String', value: ${value} });\n`;

describe('ways of writing a program', () => {
  it('ES module TypeScript, at the top level and inside a function of another file', async () => {
    const recording = await record({
      'package.json': '{ "name": "shop", "type": "module" }',
      'index.ts': `${imports}import { make } from './other.js';\nnew aws.s3.Bucket('top');\nmake('inside');\nexport const project: string = pulumi.getProject();\n`,
      'other.ts': `import * as aws from '@pulumi/aws';\n\nexport function make(name: string): void {\n  new aws.s3.Bucket(name);\n}\n`,
    });
    expect(lines(recording)).toEqual(['top index.ts:4', 'inside other.ts:4']);
    expect(recording.files).toEqual(['index.ts', 'other.ts']);
  });

  it('ES module TypeScript with names of CommonJS', async () => {
    const recording = await record({
      'package.json': '{ "name": "shop", "type": "module" }',
      'index.ts': `${imports}const { basename } = require('node:path');\nnew aws.s3.Bucket(basename(__filename), { tags: { stack: pulumi.getStack() } });\n`,
    });
    expect(lines(recording)).toEqual(['index.ts index.ts:4']);
  });

  it('plain JavaScript', async () => {
    const recording = await record({
      'index.js': `const aws = require('@pulumi/aws');\n\nnew aws.s3.Bucket('plain');\n`,
    });
    expect(lines(recording)).toEqual(['plain index.js:3']);
  });

  it('in a folder named by `main`, with a namespace, an enum and a decorator', async () => {
    const recording = await record({
      'Pulumi.yaml': 'name: shop\nruntime:\n  name: nodejs\nmain: infra/\n',
      'infra/index.ts': `${imports}
enum Size { small = 'small' }
namespace names { export const bucket = 'in-folder'; }
function note(target: unknown): void { void target; }
@note
class Shop { readonly size = Size.small; }
new aws.s3.Bucket(names.bucket, { tags: { size: new Shop().size } });
`,
    });
    expect(lines(recording)).toEqual(['in-folder infra/index.ts:9']);
  });

  it('compiled to JavaScript with a source map', async () => {
    const source = `${imports}interface Unused {\n  readonly gone: string;\n}\n\nnew aws.s3.Bucket('mapped');\n`;
    const { outputText, sourceMapText } = ts.transpileModule(source, {
      fileName: '../src/index.ts',
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020, sourceMap: true },
    });
    const recording = await record({
      'package.json': '{ "name": "shop", "main": "dist/index.js" }',
      'dist/index.js': outputText,
      'dist/index.js.map': (sourceMapText ?? '').replace('"index.ts"', '"../src/index.ts"'),
      'src/index.ts': source,
    });
    expect(lines(recording)).toEqual(['mapped src/index.ts:7']);
  });

  it('an exported function, and a component with children', async () => {
    const recording = await record({
      'index.ts': `${imports}
class Shop extends pulumi.ComponentResource {
  constructor(name: string) {
    super('shop:index:Shop', name);
    new aws.s3.Bucket(\`\${name}-bucket\`, {}, { parent: this });
  }
}
export = async () => {
  await Promise.resolve();
  new Shop('shop');
};
`,
    });
    expect(lines(recording)).toEqual(['shop-bucket index.ts:7', 'shop index.ts:12']);
    expect(recording.resources[0]).toMatchObject({
      parent: 'urn:pulumi:dev::shop::shop:index:Shop::shop',
      custom: true,
    });
    expect(recording.resources[1]).toMatchObject({ custom: false, remote: false });
  });
});

describe('configuration', () => {
  it('that is missing is made up by its type, and keeps its provenance', async () => {
    const recording = await record({
      'index.ts': `${imports}
const config = new pulumi.Config();
if (config.requireBoolean('on')) for (let i = 0; i < config.requireNumber('count'); i += 1) new aws.s3.Bucket('bucket-' + i);
const object = config.requireObject<{ nested: { password: string } }>('object');
${parameter('nested', 'object.nested.password')}
${parameter('optional', "config.get('optional') ?? 'fallback'")}
${parameter('other', "new pulumi.Config('other').require('key')")}
`,
    });
    expect(recording.resources.map(({ name }) => name)).toContain('bucket-0');
    expect(property(recording, 'nested', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'plain-config', key: 'shop:object' },
    });
    expect(property(recording, 'optional', 'value')).toMatchObject({
      kind: 'known',
      value: 'fallback',
      provenance: { kind: 'literal' },
    });
    expect(property(recording, 'other', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'plain-config', key: 'other:key' },
    });
  });

  it('that the program parses can be given as a sample', async () => {
    const files = {
      'index.ts': `${imports}
const { size } = JSON.parse(new pulumi.Config().require('json'));
${parameter('size', 'size')}
`,
    };
    const recording = await record(files, { config: { json: '{"size":"large"}' } });
    expect(property(recording, 'size', 'value')).toMatchObject({ kind: 'known', value: 'large' });
  });

  it.each([
    { name: 'a folder', use: "fs.readdirSync(config.require('site'))[0]!", value: 'index.html' },
    { name: 'a file', use: "fs.readFileSync(config.require('site'), 'utf8')" },
    { name: 'a domain', use: "domain(config.require('site'))" },
    { name: 'JSON', use: "JSON.parse(config.require('site')).user.name" },
    { name: 'optional, and yet needed', use: "config.get('site')!.toUpperCase().toLowerCase()" },
  ])('that must be $name is made up again until the program can use it', async ({ use, value }) => {
    const recording = await record({
      'index.ts': `${imports}import * as fs from 'node:fs';
const config = new pulumi.Config();
const domain = (text: string): string => {
  if (!text.includes('.')) throw new Error('No TLD found on ' + text);
  return text;
};
${parameter('used', use)}
`,
    });
    expect(property(recording, 'used', 'value')).toMatchObject(
      value === undefined ? { kind: 'unknown', provenance: { kind: 'plain-config', key: 'shop:site' } } : { value },
    );
  });

  it('of several stacks: the one that is asked for', async () => {
    const files = {
      'Pulumi.dev.yaml': 'config:\n  shop:size: small\n',
      'Pulumi.prod.yaml': 'config:\n  shop:size: large\n',
      'index.ts': `${imports}${parameter('size', "new pulumi.Config().require('size')")}`,
    };
    const recording = await record(files, { stack: 'prod' });
    expect(recording.stack).toBe('prod');
    expect(property(recording, 'size', 'value')).toMatchObject({
      kind: 'known',
      value: 'large',
      provenance: { kind: 'plain-config', key: 'shop:size' },
    });
  });

  it('that goes through a hash is found by the second run', async () => {
    const recording = await record({
      'Pulumi.dev.yaml': 'config:\n  shop:password:\n    secure: AAABAA\n',
      'index.ts': `${imports}import { createHash } from 'node:crypto';
const password = new pulumi.Config().require('password');
${parameter('hash', "createHash('sha256').update(password).digest('hex')")}
${parameter('fixed', "createHash('sha256').update('fixed').digest('hex')")}
`,
    });
    expect(property(recording, 'hash', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'secret-config', key: 'shop:password' },
    });
    expect(property(recording, 'fixed', 'value')).toMatchObject({ kind: 'known', provenance: { kind: 'literal' } });
  });

  it('names of resources show the key, not what stood for it', async () => {
    const recording = await record({
      'index.ts': `${imports}new aws.s3.Bucket(new pulumi.Config().require('name') + '-bucket');\n`,
    });
    expect(recording.resources.map(({ urn }) => urn)).toEqual([
      'urn:pulumi:dev::shop::aws:s3/bucket:Bucket::${shop:name}-bucket',
    ]);
  });
});

describe('values that are only known during the deployment', () => {
  it('results of invokes, awaited or not, printed, spread and looped over', async () => {
    const recording = await record({
      'index.ts': `${imports}
${parameter('output', 'aws.secretsmanager.getSecretVersionOutput({ secretId: "id" }).secretString')}
export = async () => {
  const zones = await aws.getAvailabilityZones({ state: 'available' });
  for (const zone of zones.names.slice(0, 2)) ${parameter('loop', 'zone')}
  zones.names.map((zone, index) => { ${parameter('map', 'zone')} });
  const id = await aws.getCallerIdentity({});
  ${parameter('printed', '`account ${id.accountId}`')}
  ${parameter('json', 'JSON.stringify({ arn: id.arn })')}
  ${parameter('method', 'id.arn.split(":")[4]!.toUpperCase()')}
};
`,
    });
    const fetched = (token: string): object => ({ kind: 'unknown', provenance: { kind: 'fetched-at-deploy', token } });
    const zones = fetched('aws:index/getAvailabilityZones:getAvailabilityZones');
    const identity = fetched('aws:index/getCallerIdentity:getCallerIdentity');
    expect(property(recording, 'output', 'value')).toMatchObject(
      fetched('aws:secretsmanager/getSecretVersion:getSecretVersion'),
    );
    expect(property(recording, 'loop', 'value')).toMatchObject(zones);
    expect(property(recording, 'map', 'value')).toMatchObject(zones);
    for (const name of ['printed', 'json', 'method'])
      expect(property(recording, name, 'value')).toMatchObject(identity);
  });

  it('apply callbacks that never ran are listed, with their place when they make resources', async () => {
    const recording = await record({
      'index.ts': `${imports}
const bucket = new aws.s3.Bucket('first', { bucket: 'name' });
bucket.arn.apply((arn) => new aws.s3.Bucket('hidden', { tags: { arn } }));
export const short = bucket.arn.apply((arn) => arn.slice(3));
export const ran = bucket.bucket.apply((name) => new aws.s3.Bucket('seen', { tags: { name } }));
`,
    });
    expect(recording.resources.map(({ name }) => name)).toEqual(['first', 'seen']);
    expect(recording.notAnalysed).toEqual([
      {
        what: 'resources made in an apply callback',
        because: 'the callback waits for a value that is only known during the deployment',
        place: { file: 'index.ts', line: 5, column: 12 },
      },
      {
        what: '1 apply callback',
        because: 'they wait for values that are only known during the deployment; what they return is unknown',
      },
    ]);
  });

  it('outputs of another stack', async () => {
    const recording = await record({
      'index.ts': `${imports}
const network = new pulumi.StackReference('organization/network/dev');
${parameter('reference', "network.requireOutput('password')")}
`,
    });
    expect(property(recording, 'reference', 'value')).toMatchObject({
      kind: 'unknown',
      provenance: {
        kind: 'resource-output',
        urns: ['urn:pulumi:dev::shop::pulumi:pulumi:StackReference::organization/network/dev'],
      },
    });
  });

  it('in one field of many: the others stay known', async () => {
    const recording = await record({
      'index.ts': `${imports}
const bucket = new aws.s3.Bucket('first');
new aws.lambda.Function('fn', {
  role: 'role',
  environment: { variables: { BUCKET: bucket.id, DB_PASSWORD: 'correct-horse', KEY: pulumi.secret('shown') } },
});
`,
    });
    const environment = property(recording, 'fn', 'environment');
    const variables = environment?.kind === 'object' ? environment.fields.get('variables') : undefined;
    const fields = variables?.kind === 'object' ? variables.fields : new Map();
    expect(fields.get('BUCKET')).toMatchObject({ kind: 'unknown', provenance: { kind: 'resource-output' } });
    expect(fields.get('DB_PASSWORD')).toMatchObject({
      kind: 'known',
      value: 'correct-horse',
      provenance: { kind: 'literal' },
    });
    expect(fields.get('KEY')).toMatchObject({
      kind: 'known',
      value: 'shown',
      secret: true,
      provenance: { kind: 'literal' },
    });
  });
});

describe('what a plugin would do', () => {
  it('what a package makes later, on its own, is where its parent is', async () => {
    const recording = await record({
      'node_modules/queue/package.json': '{ "name": "queue", "main": "index.js" }',
      'node_modules/queue/index.js': `const pulumi = require('@pulumi/pulumi');
exports.Queue = class Queue extends pulumi.ComponentResource {
  constructor(name) {
    super('queue:index:Queue', name);
    setTimeout(() => new (class Inner extends pulumi.CustomResource {})('queue:index:Inner', name + '-inner', {}, { parent: this }), 5);
  }
};
`,
      'index.ts':
        "import { Queue } from 'queue';\n\nnew Queue('orders');\nexport const wait = new Promise((done) => setTimeout(done, 50));\n",
    });
    const places = recording.resources.map(({ name, place }) => [name, place?.file, place?.line]);
    expect(places.sort()).toEqual([
      ['orders', 'index.ts', 3],
      ['orders-inner', 'index.ts', 3],
    ]);
  });

  it('a component of a provider is not analysed, never clean', async () => {
    const recording = await record({
      'index.ts': `${imports}
class Cluster extends pulumi.ComponentResource {
  constructor(name: string, args: { readonly password: string }) {
    super('eks:index:Cluster', name, args, {}, true);
  }
}
new Cluster('cluster', { password: 'correct-horse' });
`,
    });
    expect(recording.resources).toMatchObject([{ name: 'cluster', remote: true, custom: false }]);
    expect(property(recording, 'cluster', 'password')).toMatchObject({ kind: 'known', value: 'correct-horse' });
    expect(recording.notAnalysed).toEqual([
      {
        what: 'eks:index:Cluster cluster',
        because: 'it is a component of a provider: its children are made by a plugin, which was not run',
        place: { file: 'index.ts', line: 9, column: 1 },
      },
    ]);
  });

  it('transforms of a resource, of its parent and of the stack are applied', async () => {
    const recording = await record({
      'index.ts': `${imports}
const tag = (name: string): pulumi.ResourceTransform => async ({ props, opts }) =>
  ({ props: { ...props, tags: { ...props['tags'], [name]: 'yes' } }, opts: { ...opts, ignoreChanges: ['tags'] } });
pulumi.runtime.registerResourceTransform(tag('stack'));
const parent = new pulumi.ComponentResource('shop:index:Parent', 'parent', {}, { transforms: [tag('parent')] });
new aws.s3.Bucket('bucket', { tags: { own: 'yes' } }, { parent, transforms: [tag('resource')] });
new pulumi.ResourceHook('hook', async () => { throw new Error('must not run'); });
`,
    });
    const tags = property(recording, 'bucket', 'tags');
    expect(tags?.kind === 'object' && [...tags.fields.keys()].sort()).toEqual(['own', 'parent', 'resource', 'stack']);
    expect(recording.resources.find(({ name }) => name === 'bucket')?.ignoreChanges).toEqual(['tags']);
  });

  it('a dynamic provider is serialised, not run', async () => {
    const recording = await record({
      'index.ts': `${imports}
const provider: pulumi.dynamic.ResourceProvider = {
  async create(inputs) { throw new Error('must not run'); },
};
class Thing extends pulumi.dynamic.Resource {
  constructor(name: string, props: { readonly password: string }) { super(provider, name, props); }
}
new Thing('thing', { password: 'correct-horse' });
`,
    });
    expect(lines(recording)).toEqual(['thing index.ts:8']);
    expect(property(recording, 'thing', 'password')).toMatchObject({ kind: 'known', value: 'correct-horse' });
  });

  it('a function of a Lambda is serialised from its source', async () => {
    const recording = await record({
      'index.ts': `${imports}
import * as util from 'node:util';
const name: string = 'shop';
new aws.lambda.CallbackFunction('fn', { callback: async () => util.format(name, aws.config.region) });
`,
    });
    expect(recording.resources.map(({ type }) => type)).toContain('aws:lambda/function:Function');
    expect(lines(recording).every((line) => line.endsWith('index.ts:6'))).toBe(true);
  });
});
