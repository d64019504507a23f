import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const pages = path.join(root, 'docs/components');
// Inside the workspace, where packages resolve as they do for a reader.
const folder = path.join(root, 'test', `.pages-${process.pid}`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows, on every page of a component, samples that have no type error', () => {
  const names = readdirSync(pages).filter(
    (name) => name.endsWith('.md') && !['README.md', 'engine-run.md'].includes(name),
  );
  mkdirSync(folder, { recursive: true });
  const files = names.flatMap((name) => {
    const samples = [...readFileSync(path.join(pages, name), 'utf8').matchAll(/```ts\n(.*?)```/gs)];
    expect(samples.length, name).toBeGreaterThan(0);
    return samples.map(([, sample = ''], index) => {
      const file = name.replace(/\.md$/, `-${index + 1}.ts`);
      writeFileSync(path.join(folder, file), sample);
      return file;
    });
  });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'ES2023',
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        types: ['node'],
      },
      files,
    }),
  );
  let problems = '';
  try {
    execFileSync('npx', ['--no-install', 'tsc', '-p', folder], { cwd: root, stdio: 'pipe' });
  } catch (error) {
    problems = String((error as { stdout?: unknown }).stdout);
  }

  expect(names.length).toBeGreaterThan(3);
  expect(problems).toBe('');
});

it('lists every page on the page of components', () => {
  const index = readFileSync(path.join(pages, 'README.md'), 'utf8');
  for (const name of readdirSync(pages)) if (name !== 'README.md') expect(index).toContain(`(${name})`);
});
