import { describe, expect, it } from 'vitest';
import { projects } from './project.testing.js';

const lint = projects();

const pool = (module: string) =>
  `import { Pool } from 'pg'; import { settings } from '${module}'; export const pool = new Pool(settings);`;
const settings = "export const settings = { host: 'h', user: 'u', password: process.env.DB_PASSWORD };";

/** Files of a project, of which the first is linted. */
const found: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'paths of tsconfig.json': {
    'src/main.ts': pool('~conf/db'),
    'src/configuration/db.ts': settings,
    'tsconfig.json':
      '{ // how it is compiled\n "compilerOptions": { "baseUrl": ".", "paths": { "~conf/*": ["src/configuration/*"], } } }',
  },
  'paths of the tsconfig.json that another extends': {
    'app/main.ts': pool('conf'),
    'shared/conf.ts': settings,
    'app/tsconfig.json': '{ "extends": "../tsconfig.base.json" }',
    'tsconfig.base.json': '{ "compilerOptions": { "paths": { "conf": ["./shared/conf.ts"] } } }',
  },
  'a base folder': {
    'src/deep/main.ts': pool('settings/db'),
    'src/settings/db.ts': settings,
    'tsconfig.json': '{ "compilerOptions": { "baseUrl": "./src" } }',
  },
  'imports of package.json': {
    'src/main.ts': pool('#conf/db.js'),
    'src/settings/db.ts': settings,
    'package.json': '{ "imports": { "#conf/*.js": "./dist/settings/*.js" } }',
  },
  'src of a NestJS project': { 'src/deep/main.ts': pool('src/config/db'), 'src/config/db.ts': settings },
  'a folder by its name': { 'src/deep/main.ts': pool('@config/db'), 'src/config/db.ts': settings },
  'a library of a NestJS project': { 'apps/api/src/main.ts': pool('@libs/db'), 'libs/db.ts': settings },
  'a library of a NestJS project by its name': {
    'apps/api/src/main.ts': pool('@app/common'),
    'libs/common/src/index.ts': settings,
    'package.json': '{}',
    'tsconfig.json': '{ "compilerOptions": { "baseUrl": "./", "paths": { "@app/common": ["libs/common/src"] } } }',
  },
};
const fine: typeof found = {
  'a package that the project asks for': {
    'src/main.ts': pool('@config/db'),
    'src/config/db.ts': settings,
    'package.json': '{ "dependencies": { "@config/db": "1" } }',
  },
  'a configuration that is not there': { 'src/main.ts': pool('@nowhere/db'), 'package.json': '{}' },
  'a broken tsconfig.json': { 'src/main.ts': pool('conf/db'), 'tsconfig.json': '{ "compilerOptions": ' },
  'a JSON file without a credential': {
    'src/main.ts': "import { Pool } from 'pg'; import db from './db.json'; export const pool = new Pool(db);",
    'src/db.json': '{ "host": "h", "database": "d" }',
  },
  'a URL of a JSON file that holds no credential': {
    'src/main.js':
      "const mongoose = require('mongoose'); const config = require('./db.json'); mongoose.connect(config.url);",
    'src/db.json': '{ "url": "mongodb://localhost/app" }',
  },
};

const judged = async (files: Readonly<Record<string, string>>) => {
  const [main = ''] = Object.keys(files);
  return lint('require-pool-refresh', files, main);
};

describe('a module that is named by an alias', () => {
  it.each(Object.entries(found))('is found through %s', async (_, files) => {
    expect(await judged(files)).toEqual(['1 capturedCredential']);
  });

  it('is found in a JSON file', async () => {
    const files = {
      'main.js':
        "const { Pool } = require('pg'); const { db } = require('./config.json'); module.exports = new Pool(db);",
      'config.json': '{ "db": { "host": "h", "password": "s3cret-of-staging" } }',
    };
    expect(await judged(files)).toEqual(['1 capturedCredential']);
  });

  it.each(Object.entries(fine))('is left alone: %s', async (_, files) => {
    expect(await judged(files)).toEqual([]);
  });
});
