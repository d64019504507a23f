import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, expect, it } from 'vitest';

import { compile } from './compile.js';

const root = path.join(import.meta.dirname, '..');
const project = path.join(root, 'pool', `page-${process.pid}`);
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What the blocks of the page take from the text around them. */
const around = `
declare const at: { host: string; port: number; database: string };
declare const credentials: import('@keyturn/pool').CredentialSource;
declare const pool: import('@keyturn/pool/pg').Pool;
declare const knex: typeof import('knex').default;
declare const entities: never[];
declare const Sequelize: typeof import('sequelize').Sequelize;
`;

it('compiles every block of the page on pools', () => {
  const page = readFileSync(path.join(root, 'docs', 'pool.md'), 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(3);
  const files = blocks.map((block, at) => [`block${at}.ts`, `${block}\nexport {};\n`] as const);
  expect(compile(project, { 'around.d.ts': around, ...Object.fromEntries(files) })).toBe('');
}, 120_000);
