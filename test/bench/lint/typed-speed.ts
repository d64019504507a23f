import { readFile } from 'node:fs/promises';
import path from 'node:path';
import tsParser from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import keyturn from '@keyturn/eslint-plugin';
import { sourcesIn } from './speed.js';

export interface TypedSpeed {
  readonly filesLinted: number;
  /** Files that no `tsconfig.json` includes, or that do not parse. */
  readonly filesLeftOut: number;
  /** What the parser takes with type information and no rule at all. */
  readonly baselineMs: number;
  /** What all our rules take on top, with the types that they ask for. */
  readonly rulesMs: number;
  readonly ratio: number;
}

/** What our type-checked rules add to a run that has type information anyway: both from ESLint's clock, in one pass over the files. */
export async function measureTypedSpeed(corpus: string): Promise<TypedSpeed> {
  const root = path.resolve(corpus);
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    ignore: false,
    allowInlineConfig: false,
    stats: true,
    overrideConfig: [
      { languageOptions: { parser: tsParser, parserOptions: { tsconfigRootDir: root } } },
      keyturn.configs.strictTypeChecked as never,
    ],
  });
  let filesLinted = 0;
  let filesLeftOut = 0;
  let baselineMs = 0;
  let rulesMs = 0;
  for (const file of await sourcesIn(root)) {
    if (!/\.[cm]?tsx?$/.test(file)) continue;
    const [result] = await eslint.lintText(await readFile(file, 'utf8'), { filePath: file });
    if (!result || result.messages.some((each) => each.fatal)) {
      filesLeftOut++;
      continue;
    }
    filesLinted++;
    for (const pass of result.stats?.times.passes ?? []) {
      baselineMs += pass.parse?.total ?? 0;
      for (const { total } of Object.values(pass.rules ?? {})) rulesMs += total;
    }
  }
  return { filesLinted, filesLeftOut, baselineMs, rulesMs, ratio: (baselineMs + rulesMs) / baselineMs };
}
