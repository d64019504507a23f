import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { check, exitCodeOf } from 'keyturn';
import { recordProgram } from '@keyturn/recorder';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { documents, programs } from './mutations/seeds.js';
import { mutated } from './mutations/mutate.js';

/** `KEYTURN_MUTATIONS=10000` is the long run; one in a hundred is a program, because each of those is a process. */
const total = Number(process.env['KEYTURN_MUTATIONS'] ?? 400);
const inPrograms = Math.ceil(total / 100);
const seed = Number(process.env['KEYTURN_SEED'] ?? 20_261_126);
const batch = 50;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-mutation-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('documents that were changed at random', () => {
  const names = Object.keys(documents);
  const each = Math.ceil((total - inPrograms) / names.length);

  it.each(names)(
    `%s, ${each} times: every one is read, or the run ends with 3 and says why`,
    async (name) => {
      const texts = fc.sample(mutated([documents[name] ?? '']), { numRuns: each, seed });
      for (let start = 0; start < texts.length; start += batch) {
        const part = texts.slice(start, start + batch);
        const files = Object.fromEntries(part.map((text, index) => [`${index}/${name}`, text]));
        const cwd = write(files);
        const report = await check({ cwd, paths: Object.keys(files), config: false });
        const code = exitCodeOf(report, {});
        const whole = report.notAnalysed.filter(({ extent }) => extent === 'whole');
        expect(code === 3).toBe(whole.length > 0);
        for (const { because } of report.notAnalysed) expect(because).toMatch(/\S/);
        if (!name.endsWith('.json')) continue;
        const broken = Object.entries(files).flatMap(([file, text]) => (isJson(text) ? [] : [file]));
        expect(whole.map(({ place }) => place?.file)).toEqual(expect.arrayContaining(broken));
      }
    },
    3_600_000,
  );
});

describe('programs that were changed at random', () => {
  it(`${inPrograms} times: each ends, and one that does not end well says why`, async () => {
    for (const text of fc.sample(mutated(programs), { numRuns: inPrograms, seed })) {
      const directory = write({
        'Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
        'package.json': '{}',
        'index.ts': text,
      });
      const recording = await recordProgram({ directory, timeoutMs: 20_000 });
      if (recording.ended !== 'complete') expect(recording.reason, text).toMatch(/\S/);
    }
  }, 3_600_000);
});
