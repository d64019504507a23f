import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { run } from './program.js';

/** A folder with files, and `keyturn` run in it. */
export interface World {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
  keyturn(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  remove(): void;
}

/** Makes a folder outside every repository. */
export function makeWorld(files: Readonly<Record<string, string>> = {}): World {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-cli-'));
  const world: World = {
    folder,
    write(more) {
      for (const [name, text] of Object.entries(more)) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), text);
      }
    },
    async keyturn(...args) {
      let out = '';
      let err = '';
      const code = await run(args, {
        cwd: folder,
        env: {},
        stdout: { write: (text) => (out += text) },
        stderr: { write: (text) => (err += text) },
      });
      return { code, out, err };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  world.write(files);
  return world;
}
