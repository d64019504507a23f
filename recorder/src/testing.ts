import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Value } from '@keyturn/resources';

import { recordProgram } from './record-program.js';
import type { Recording } from './recording.js';

/** A program in a temporary folder; `Pulumi.yaml` and `package.json` are there unless given. */
export function writeProgram(files: Readonly<Record<string, string>>): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(path.join(tmpdir(), 'keyturn-program-'));
  const all = { 'Pulumi.yaml': 'name: shop\nruntime: nodejs\n', 'package.json': '{ "name": "shop" }', ...files };
  for (const [name, text] of Object.entries(all)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Records a program that is to run to its end, and takes its folder away again. @throws Error with the reason when it does not. */
export async function recordToEnd(
  files: Readonly<Record<string, string>>,
  timeoutMs: number,
  folder = '.',
): Promise<Recording> {
  const { directory, remove } = writeProgram(files);
  try {
    const recording = await recordProgram({ directory: path.join(directory, folder), timeoutMs });
    if (recording.ended !== 'complete' || recording.reason !== undefined)
      throw new Error(`${recording.ended}: ${recording.reason ?? 'no reason'}`);
    return recording;
  } finally {
    remove();
  }
}

/** A property of a resource by the resource's name. */
export function property({ resources }: Recording, name: string, key: string): Value | undefined {
  return resources.find((resource) => resource.name === name)?.properties.fields.get(key);
}
