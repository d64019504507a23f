import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { evaluate } from '@keyturn/policies';
import { recordProgram } from '@keyturn/recorder';
import { afterAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const pages = path.join(root, 'docs/components');
// Inside the workspace, where packages resolve as they do for a reader.
const folder = path.join(root, 'test', `.samples-${process.pid}`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Samples that make Kubernetes objects. */
const samples = readdirSync(pages).flatMap((page) =>
  [...readFileSync(path.join(pages, page), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
    .map(([, sample = '']) => sample)
    .filter((sample) => sample.includes("from '@keyturn/components/kubernetes'"))
    .map((sample, index) => ({ page, number: index + 1, sample })),
);

it.each(samples)(
  'sample $number of $page is recorded without an engine, and our own policies find nothing',
  async ({ page, number, sample }) => {
    const directory = path.join(folder, `${page}-${number}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, 'Pulumi.yaml'), 'name: shop\nruntime: nodejs\n');
    writeFileSync(path.join(directory, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }');
    writeFileSync(path.join(directory, 'index.ts'), sample);
    const recording = await recordProgram({ directory, timeoutMs: 60_000 });

    expect(recording.reason).toBeUndefined();
    expect(recording.ended).toBe('complete');
    expect(recording.resources.map(({ type }) => type).join('\n')).toMatch(/keyturn:kubernetes:/);
    const { findings, undecided } = evaluate(
      { resources: recording.resources, notAnalysed: recording.notAnalysed },
      { preset: 'strict' },
    );
    expect(findings.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
    expect(undecided.map(({ rule, because }) => `${rule}: ${because}`)).toEqual([]);
  },
);
