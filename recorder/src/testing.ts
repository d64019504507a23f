import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Value } from '@keyturn/resources';

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

/** A property of a resource by the resource's name. */
export function property({ resources }: Recording, name: string, key: string): Value | undefined {
  return resources.find((resource) => resource.name === name)?.properties.fields.get(key);
}
