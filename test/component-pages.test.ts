import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, expect, it } from 'vitest';

import { compile } from './compile.js';

const root = path.resolve(import.meta.dirname, '..');
const pages = path.join(root, 'docs/components');
// Inside the workspace, where packages resolve as they do for a reader.
const folder = path.join(root, 'test', `.pages-${process.pid}`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows, on every page of a component, samples that have no type error', () => {
  const names = readdirSync(pages).filter(
    (name) => name.endsWith('.md') && !['README.md', 'engine-run.md'].includes(name),
  );
  const files = names.flatMap((name) => {
    const samples = [...readFileSync(path.join(pages, name), 'utf8').matchAll(/```ts\n(.*?)```/gs)];
    expect(samples.length, name).toBeGreaterThan(0);
    return samples.map(([, sample = ''], index) => [name.replace(/\.md$/, `-${index + 1}.ts`), sample] as const);
  });

  expect(names.length).toBeGreaterThan(3);
  expect(compile(folder, Object.fromEntries(files))).toBe('');
}, 120_000);

it('lists every page on the page of components', () => {
  const index = readFileSync(path.join(pages, 'README.md'), 'utf8');
  for (const name of readdirSync(pages)) if (name !== 'README.md') expect(index).toContain(`(${name})`);
});
