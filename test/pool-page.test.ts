import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '..');
const project = path.join(root, 'pool', `page-${process.pid}`);
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What the blocks of the page take from the text around them. */
const around = `
declare const at: { host: string; port: number; database: string };
declare const credentials: import('@keyturn/pool').CredentialSource;
declare const pool: import('@keyturn/pool/pg').Pool;
declare const knex: typeof import('knex').default;
declare const Sequelize: typeof import('sequelize').Sequelize;
`;

it('compiles every block of the page on pools', () => {
  const page = readFileSync(path.join(root, 'docs', 'pool.md'), 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(3);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    skipLibCheck: true,
    types: ['node'],
  };
  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), '{"name":"page","private":true,"type":"module"}');
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  writeFileSync(path.join(project, 'around.d.ts'), around);
  blocks.forEach((block, at) => writeFileSync(path.join(project, `block${at}.ts`), `${block}\nexport {};\n`));
  const tsc = path.join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  let said = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'pipe' });
  } catch (error) {
    said = String((error as { stdout?: Buffer }).stdout);
  }
  expect(said).toBe('');
}, 120_000);
