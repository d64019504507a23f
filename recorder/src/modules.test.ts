import { describe, expect, it } from 'vitest';

import type { Recording } from './recording.js';
import { property, recordToEnd } from './testing.js';

const record = async (files: Readonly<Record<string, string>>): Promise<Recording> => await recordToEnd(files, 120_000);

const parameter = `new aws.ssm.Parameter('first', { type: 'String', value: name });\n`;
const aws = `import * as aws from '@pulumi/aws';\n`;
const awaits = `${aws}const name = await Promise.resolve('shop');\n${parameter}`;

describe('an ES module whose package does not say that it is one', { timeout: 240_000 }, () => {
  it.each([
    { name: 'main of the project', project: 'main: index.mjs\n', manifest: '{ "name": "shop" }' },
    { name: 'main of the package', project: '', manifest: '{ "name": "shop", "main": "index.mjs" }' },
  ])('is recorded by its ending, and borrows packages that are not installed: $name', async ({ project, manifest }) => {
    const recording = await record({
      'Pulumi.yaml': `name: shop\nruntime: nodejs\n${project}`,
      'package.json': manifest,
      'index.mjs': `${awaits}export const arn = 1;\n`,
    });
    expect(recording.resources).toMatchObject([{ name: 'first', place: { file: 'index.mjs', line: 3 } }]);
    expect(recording.files).toEqual(['index.mjs']);
    expect(recording.notAnalysed).toEqual([]);
  });

  it.each(['index.ts', 'index.js'])(
    'is recorded when %s waits at the top level, and it is said that Pulumi refuses it',
    async (file) => {
      const recording = await record({ 'package.json': `{ "name": "shop", "main": "${file}" }`, [file]: awaits });
      expect(recording.resources).toMatchObject([{ name: 'first', place: { file, line: 3 } }]);
      expect(property(recording, 'first', 'value')).toMatchObject({ kind: 'known', value: 'shop' });
      if (file.endsWith('.ts'))
        expect(recording.notAnalysed).toMatchObject([{ because: expect.stringMatching(/"type": "module"/) as string }]);
    },
  );

  it('is recorded when another file of the program waits, with the names of CommonJS still there', async () => {
    const recording = await record({
      'index.ts': `${aws}import { name } from './settings';\nimport * as path from 'node:path';\nvoid path.join(__dirname, 'x');\n${parameter}`,
      'settings.ts': `export const name: string = await Promise.resolve('shop');\n`,
    });
    expect(recording.resources).toMatchObject([{ name: 'first', place: { file: 'index.ts', line: 5 } }]);
  });

  it('runs the function that it exports by default', async () => {
    const recording = await record({
      'Pulumi.yaml': 'name: shop\nruntime: nodejs\nmain: index.mjs\n',
      'index.mjs': `${aws}export default async () => { const name = 'shop'; ${parameter.trim()} };\n`,
    });
    expect(recording.resources).toMatchObject([{ name: 'first', place: { line: 2 } }]);
  });

  it('is not looked for where a word of a text or a comment waits', async () => {
    const recording = await record({ 'index.ts': `${aws}// await nothing\nconst name = 'await shop';\n${parameter}` });
    expect(recording.notAnalysed).toEqual([]);
  });
});

const sources = `import { names } from '@shared/names';
import { prefix } from 'config';
import type { Missing } from '@shared/types';
import limits from '#limits';
import { deep } from 'lib/deep';
import * as aws from '@pulumi/aws';
new aws.ssm.Parameter('first', { type: 'String', value: [names[0], prefix, limits.most, deep].join() });
`;
const aliased = {
  'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
  'infra/index.ts': sources,
  'infra/tsconfig.json': '{ /* ours */ "extends": "../tsconfig.base", "include": ["**/*.ts"] }',
  'tsconfig.base.json': `{
  // \`/*\` inside a path is no comment
  "compilerOptions": {
    "esModuleInterop": true, "resolveJsonModule": true,
    "baseUrl": ".",
    "paths": { "@shared/*": ["nowhere/*", "shared/src/*"], "config": ["shared/config"], "#limits": ["shared/limits.json"] },
  },
  "exclude": ["**/*.test.ts"],
}`,
  'shared/src/names.ts': `import { prefix } from 'config';\nexport const names: string[] = [prefix + '-shop'];\n`,
  'shared/config/index.ts': `export const prefix = 'eu';\n`,
  'shared/limits.json': '{ "most": 7 }',
  'lib/deep.ts': `export const deep = 'd';\n`,
};

describe('imports that tsconfig.json gives another place', { timeout: 240_000 }, () => {
  it.each([
    { name: 'CommonJS', manifest: '{ "name": "shop" }' },
    { name: 'ES modules', manifest: '{ "name": "shop", "type": "module" }' },
  ])('are found as the loaders of TypeScript find them, in $name', async ({ manifest }) => {
    const files = { ...aliased, 'infra/package.json': manifest, 'package.json': manifest };
    const recording = await recordToEnd(files, 120_000, 'infra');
    expect(recording.notAnalysed).toEqual([]);
    expect(property(recording, 'first', 'value')).toMatchObject({ value: 'eu-shop,eu,7,d' });
    expect(recording.resources[0]?.place).toMatchObject({ file: 'index.ts', line: 7 });
  });

  it('stay what Node says where the pattern leads to no file', async () => {
    const recording = await record({
      'index.ts': `${aws}const name = require('node:path').posix.sep;\n${parameter}`,
      'tsconfig.json': '{ "compilerOptions": { "paths": { "*": ["./types/*"] } } }',
      'types/@pulumi/aws.d.ts': 'export {};\n',
    });
    expect(property(recording, 'first', 'value')).toMatchObject({ value: '/' });
  });
});

describe('options of TypeScript that change what runs', { timeout: 240_000 }, () => {
  const limits = 'module.exports = () => "called"; module.exports.default = undefined;\n';
  const called = `import * as limits from './limits';\n${aws}const name = typeof limits;\n${parameter}`;
  const project = { 'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n', 'infra/limits.js': limits };

  it.each([
    { name: 'nothing', config: '{}', base: '{}', is: 'function' },
    { name: 'the file itself', config: '{ "compilerOptions": { "esModuleInterop": true } }', base: '{}', is: 'object' },
    {
      name: 'what it extends',
      config: '{ "extends": "../base.json" }',
      base: '{ "compilerOptions": { "esModuleInterop": true } }',
      is: 'object',
    },
    {
      name: 'the last of several',
      config: '{ "extends": ["../base.json", "../other.json"] }',
      base: '{ "compilerOptions": { "esModuleInterop": false } }',
      is: 'object',
    },
    {
      name: 'the file itself, against what it extends',
      config: '{ "extends": "../base.json", "compilerOptions": { "esModuleInterop": false } }',
      base: '{ "compilerOptions": { "esModuleInterop": true } }',
      is: 'function',
    },
    {
      // TypeScript would turn it on; the SDK cannot serialize a function that uses a module of Node through it.
      name: 'the modules of Node, which leave it off',
      config: '{ "extends": "../base.json" }',
      base: '{ "compilerOptions": { "module": "NodeNext" } }',
      is: 'function',
    },
    { name: 'a file that extends itself', config: '{ "extends": "./tsconfig.json" }', base: '{}', is: 'function' },
  ])('are those of $name', async ({ config, base, is }) => {
    const recording = await recordToEnd(
      {
        ...project,
        'infra/package.json': '{ "name": "shop" }',
        'infra/index.ts': called,
        'infra/tsconfig.json': config,
        'base.json': base,
        'other.json': '{ "extends": "./base.json", "compilerOptions": { "esModuleInterop": true } }',
      },
      120_000,
      'infra',
    );
    expect(recording.notAnalysed).toEqual([]);
    expect(property(recording, 'first', 'value')).toMatchObject({ value: is });
  });

  it('say where the source is of what a build would make, from the folder of the file that gives them', async () => {
    const recording = await recordToEnd(
      {
        ...project,
        'infra/package.json': '{ "name": "shop", "main": "out/main.js" }',
        'infra/code/main.ts': `${aws}const name = 'shop';\n${parameter}`,
        'infra/tsconfig.json': '{ "extends": "../base.json" }',
        'base.json': '{ "compilerOptions": { "outDir": "infra/out", "rootDir": "infra/code" } }',
      },
      120_000,
      'infra',
    );
    expect(recording.resources).toMatchObject([{ name: 'first', place: { file: 'code/main.ts', line: 3 } }]);
  });
});

it(
  'keeps no stack trace of every promise, of which the SDK makes some for each property',
  { timeout: 240_000 },
  async () => {
    const recording = await record({
      'index.ts': `${aws}const bucket = new aws.s3.Bucket('bucket');
const kept = (bucket.arn as any).promise()._debugStackTrace ?? '';
const name = JSON.stringify([/ at /.test(kept), Error.stackTraceLimit > 0]);
${parameter}`,
    });
    expect(property(recording, 'first', 'value')).toMatchObject({ value: '[false,true]' });
  },
);
