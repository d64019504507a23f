import { readFile } from 'node:fs/promises';
import path from 'node:path';
import tsParser from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import keyturn from '@keyturn/eslint-plugin';
import { sourcesIn } from './speed.js';

export interface TypedSpeed {
  readonly filesLinted: number;
  /** Files that no `tsconfig.json` includes, or that do not parse. */
  readonly filesLeftOut: number;
  /** All our rules, beside the parser with type information and no other rule. */
  readonly alone: Share;
  /** All our rules, beside the parser and the typed rules of `recommendedTypeChecked` of typescript-eslint: what a team that lints with types has already. */
  readonly besideOthers: Share;
}

export interface Share {
  readonly baselineMs: number;
  readonly rulesMs: number;
  readonly ratio: number;
}

/** What our type-checked rules add to a run that has type information anyway: both from ESLint's clock, in one pass over the files. */
export async function measureTypedSpeed(corpus: string): Promise<TypedSpeed> {
  const root = path.resolve(corpus);
  const alone = await measure(root, []);
  const besideOthers = await measure(root, tseslint.configs.recommendedTypeCheckedOnly);
  const { filesLinted, filesLeftOut } = alone;
  return { filesLinted, filesLeftOut, alone: shareOf(alone), besideOthers: shareOf(besideOthers) };
}

function shareOf({ baselineMs, rulesMs }: Measured): Share {
  return { baselineMs, rulesMs, ratio: (baselineMs + rulesMs) / baselineMs };
}

interface Measured {
  filesLinted: number;
  filesLeftOut: number;
  baselineMs: number;
  rulesMs: number;
}

async function measure(root: string, others: readonly object[]): Promise<Measured> {
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    ignore: false,
    allowInlineConfig: false,
    stats: true,
    overrideConfig: [
      { languageOptions: { parser: tsParser, parserOptions: { tsconfigRootDir: root } } },
      ...(others as never[]),
      keyturn.configs.strictTypeChecked as never,
    ],
  });
  const measured = { filesLinted: 0, filesLeftOut: 0, baselineMs: 0, rulesMs: 0 };
  for (const file of await sourcesIn(root)) {
    if (!/\.[cm]?tsx?$/.test(file)) continue;
    const [result] = await eslint.lintText(await readFile(file, 'utf8'), { filePath: file });
    if (!result || result.messages.some((each) => each.fatal)) {
      measured.filesLeftOut++;
      continue;
    }
    measured.filesLinted++;
    for (const pass of result.stats?.times.passes ?? []) {
      measured.baselineMs += pass.parse?.total ?? 0;
      for (const [rule, { total }] of Object.entries(pass.rules ?? {}))
        measured[rule.startsWith('keyturn/') ? 'rulesMs' : 'baselineMs'] += total;
    }
  }
  return measured;
}
