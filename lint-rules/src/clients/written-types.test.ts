import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as parser from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../index.js';
import rule from '../rules/require-pool-refresh.js';
import { table } from '../table.testing.js';

const says = [['capturedCredential'] as const];
const knex = "import knex from 'knex';\n";
const pg = "import { Pool } from 'pg';\n";

table(rule, {
  fine: [
    { name: 'a parameter without a type', code: `${knex}export const open = (db) => knex({ connection: { ...db } });` },
    {
      name: 'a type that has room for a function',
      code: `${pg}interface Db { password: string | (() => string) }\nexport const open = (db: Db) => new Pool({ ...db });`,
    },
    {
      name: 'a type without a password',
      code: `${pg}interface Db { host: string }\nexport const open = (db: Db) => new Pool({ ...db });`,
    },
    {
      name: 'a type with a hook of the client',
      code: `import { createClient } from 'redis';\ninterface Cache { password?: string; credentialsProvider?: unknown }\nexport const open = (cache: Cache) => createClient({ ...cache });`,
    },
    {
      name: 'a type that refers to itself',
      code: `${pg}type Db = Db;\nexport const open = (db: Db) => new Pool({ ...db });`,
    },
    {
      name: 'a type of a package',
      code: `${pg}import type { PoolConfig } from 'pg';\nexport const open = (db: PoolConfig) => new Pool({ ...db });`,
    },
    {
      name: 'a password that is assigned again after a rotation',
      code: `${pg}interface Db { password: string }\nexport const open = (db: Db) => { const pool = new Pool({ ...db }); onChange((next) => { pool.options.password = next; }); return pool; };`,
    },
    {
      name: 'a function that is assigned to the configuration',
      code: `${pg}const config: any = { host };\nconfig.password = () => read();\nexport const pool = new Pool(config);`,
    },
    {
      name: 'a password that another function assigns',
      code: `${pg}const config: any = { host };\nfunction later() { config.password = process.env.P; }\nexport const pool = new Pool(config);`,
    },
  ],
  wrong: [
    {
      name: 'a text in an interface',
      code: `${pg}interface Db { password?: string }\nexport const open = (db: Db) => new Pool({ ...db });`,
      says,
    },
    {
      name: 'a text in a base of the interface',
      code: `${pg}interface Base { password: string | undefined }\ninterface Db extends Base { host: string }\nexport const open = (db: Db) => new Pool({ ...db });`,
      says,
    },
    {
      name: 'a member of the parameter',
      code: `${pg}type Config = Readonly<{ db: { password: string } }> & { port: number };\nexport const open = ({ db }: Config) => new Pool({ password: db.password });`,
      says,
    },
    {
      name: 'a password that is assigned to the configuration',
      code: `${pg}const config: any = { host };\nconfig.password = process.env.P;\nexport const pool = new Pool(config);`,
      says,
    },
  ],
});

describe('a type of another file', () => {
  const cache = path.join(import.meta.dirname, '../../../.cache');
  const files: Readonly<Record<string, string>> = {
    'config.ts':
      "import type { Far } from './far.js';\nexport interface Db { user: string; password: string }\nexport interface Config { db: Db; far: Far }\nexport interface Open { password: string | (() => Promise<string>) }",
    'far.ts': 'export interface Far { password: string }',
    'broken.ts': 'export interface Db { password: ',
  };
  let folder = '';
  beforeAll(() => {
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(path.join(cache, 'written-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function lint(code: string): Promise<readonly (string | undefined)[]> {
    const eslint = new ESLint({
      cwd: folder,
      overrideConfigFile: true,
      ignore: false,
      overrideConfig: [
        {
          files: ['**/*.ts'],
          languageOptions: { parser },
          plugins: { keyturn: plugin as unknown as ESLint.Plugin },
          rules: { 'keyturn/require-pool-refresh': 'error' },
        },
      ],
    });
    const [result] = await eslint.lintText(code, { filePath: path.join(folder, 'main.ts') });
    return (result?.messages ?? []).map((each) => each.messageId ?? each.message);
  }
  const opens = (type: string, from: string) =>
    `${pg}import type { ${type} as Given } from '${from}';\nexport const open = (given: Given) => new Pool({ ...given });`;

  it.each([
    ['says that the password is a text', opens('Db', './config.js'), ['capturedCredential']],
    ['is imported without an ending', opens('Db', './config'), ['capturedCredential']],
    ['has room for a function', opens('Open', './config.js'), []],
    ['is not there', opens('None', './config.js'), []],
    ['is in a file that is not there', opens('Db', './none.js'), []],
    ['is in a file that cannot be parsed', opens('Db', './broken.js'), []],
    [
      'is taken apart',
      `${knex}import type { Config } from './config.js';\nexport const open = ({ db }: Pick<Config, 'db'>) => knex({ client: 'pg', connection: { ...db } });`,
      ['capturedCredential'],
    ],
    [
      'imports the member from a third file',
      `${pg}import type { Config } from './config.js';\nexport const open = (config: Config) => new Pool({ ...config.far });`,
      ['capturedCredential'],
    ],
    [
      'belongs to what is assigned to the configuration',
      `${knex}import type { Db } from './config.js';\nfunction make(db: Db) { const connection: any = {}; connection.password = db.password; return { client: 'pg', connection }; }\nexport const open = (db: Db) => knex(make(db));`,
      ['capturedCredential'],
    ],
  ])('%s', async (_, code, expected) => {
    expect(await lint(code)).toEqual(expected);
  });

  it('is read again when the file changes', async () => {
    const file = path.join(folder, 'changing.ts');
    writeFileSync(file, 'export interface Db { password: string }');
    expect(await lint(opens('Db', './changing.js'))).toEqual(['capturedCredential']);
    writeFileSync(file, 'export interface Db { password: () => string; more: 1 }');
    expect(await lint(opens('Db', './changing.js'))).toEqual([]);
  });
});
