import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as parser from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from './index.js';

const cache = path.join(import.meta.dirname, '../../.cache');
const files: Readonly<Record<string, string>> = {
  'tsconfig.json':
    '{"compilerOptions":{"module":"nodenext","strict":true,"noEmit":true,"types":[],"skipLibCheck":true},"include":["*.ts"]}',
  'package.json': '{"type":"module"}',
  'db.ts': "export { Pool as AppPool } from 'pg';\nexport { createPool } from 'mysql2/promise';",
  'base.ts': "import pg from 'pg';\nexport class Base extends pg.Pool {}",
  'secrets.ts':
    "export const password: string = process.env['P'] ?? '';\nexport const secrets = { read: async () => password };\nexport class Pool { constructor(readonly options: { password: string }) {} }",
};
let folder = '';
let found: ReadonlyMap<string, readonly string[]> = new Map();

const captured = 'keyturn/require-pool-refresh capturedCredential';

const cases = [
  {
    name: 'reexported',
    code: "import { AppPool } from './db.js';\nexport const pool = new AppPool({ password: process.env['P'] });",
    says: [captured],
  },
  {
    name: 'called',
    code: "import { createPool } from './db.js';\nexport const pool = createPool({ password: process.env['P'] ?? '' });",
    says: [captured],
  },
  {
    name: 'extended',
    code: "import { Base } from './base.js';\nexport const pool = new Base({ password: process.env['P'] });",
    says: [captured],
  },
  {
    name: 'imported',
    code: "import { Pool } from 'pg';\nimport { password } from './secrets.js';\nexport const pool = new Pool({ host: 'db', password });",
    says: [captured],
  },
  {
    name: 'method',
    code: "import { Pool } from 'pg';\nimport { secrets } from './secrets.js';\nexport const pool = new Pool({ host: 'db', password: secrets.read });",
    says: [],
  },
  {
    name: 'namespace',
    code: "import * as db from './db.js';\nexport const pools = [new db.AppPool({ password: process.env['P'] }), db.createPool({ password: process.env['P'] ?? '' })];",
    says: [captured, captured],
  },
  {
    name: 'spread',
    code: "import { AppPool } from './db.js';\nconst secret = { password: process.env['P'] };\nexport const pool = new AppPool({ ...secret });",
    says: [captured],
  },
  {
    name: 'derived',
    code: "import { AppPool } from './db.js';\nclass Here extends AppPool {}\nexport const pool = new Here({ password: process.env['P'] });",
    says: [captured],
  },
  {
    name: 'none',
    code: "class Here { constructor(readonly options: object) {} }\nconst make = (password: object) => password;\nexport const none = [new Here({ password: process.env['P'] }), make({ password: process.env['P'] }), new Map([['password', 1]])];",
    says: [],
  },
  {
    name: 'namesake',
    code: "import { Pool } from './secrets.js';\nexport const pool = new Pool({ password: process.env['P'] ?? '' });",
    says: [],
  },
];

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(path.join(cache, 'typed-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  for (const { name, code } of cases) writeFileSync(path.join(folder, `${name}.ts`), code);
  const config = [{ files: ['**/*.ts'], languageOptions: { parser } }, plugin.configs.recommendedTypeChecked];
  const eslint = new ESLint({ cwd: folder, overrideConfigFile: true, overrideConfig: config as never });
  const results = await eslint.lintFiles(cases.map(({ name }) => `${name}.ts`));
  found = new Map(
    results.map(({ filePath, messages }) => [
      path.basename(filePath, '.ts'),
      messages.map(({ ruleId, messageId, message }) => (ruleId ? `${ruleId} ${messageId ?? ''}` : message)),
    ]),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('with type information', () => {
  it.each(cases)('sees what a client is and what it is given: $name', ({ name, says }) => {
    expect(found.get(name)).toEqual(says);
  });
});
