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

/** Pages whose sample makes Kubernetes objects. */
const kubernetesPages = readdirSync(pages).filter((name) =>
  readFileSync(path.join(pages, name), 'utf8').includes("from '@keyturn/components/kubernetes'"),
);

it.each(kubernetesPages)(
  'the sample of %s is recorded without an engine, and our own policies find nothing',
  async (page) => {
    const [, sample = ''] = /```ts\n(.*?)```/s.exec(readFileSync(path.join(pages, page), 'utf8')) ?? [];
    const directory = path.join(folder, page);
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
