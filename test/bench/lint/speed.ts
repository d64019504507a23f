import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import tsParser from '@typescript-eslint/parser';
import { ESLint, type Linter } from 'eslint';
import keyturn, { lintRuleFacts } from '@keyturn/eslint-plugin';
import { installedPeers } from './peers.js';

export interface ToolSpeed {
  readonly name: string;
  readonly version: string;
  /** All rules of the tool together. */
  readonly msPerFile: number;
  /** Milliseconds per file, by rule. */
  readonly rules: Readonly<Record<string, number>>;
}

export interface Speed {
  readonly filesLinted: number;
  readonly parseMs: number;
  readonly tools: readonly ToolSpeed[];
}

const source = /\.[cm]?[jt]sx?$/;
const unread = /^(?:node_modules|dist|build|coverage|\.git)$/;

/**
 * What each rule costs by ESLint's own clock: one run over every file with all tools, so that each pays the same machine. The first rule to look at a
 * file waits for its text and its tree to come into the caches, so every second file is given to the tools in the opposite order.
 */
export async function measureSpeed(corpus: string): Promise<Speed> {
  const root = path.resolve(corpus);
  const own = {
    name: keyturn.meta.name,
    version: keyturn.meta.version,
    prefix: 'keyturn',
    plugin: keyturn as never,
    rules: lintRuleFacts.map((each) => `keyturn/${each.id}`),
  };
  const tools = [own, ...(await installedPeers())];
  const rules = tools.flatMap((each) => each.rules);
  const [forward, backward] = [rules, rules.toReversed()].map((order) => {
    const config: Linter.Config = {
      files: ['**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx}'],
      languageOptions: { parser: tsParser, parserOptions: { ecmaFeatures: { jsx: true } } },
      linterOptions: { reportUnusedDisableDirectives: 'off' },
      plugins: Object.fromEntries(tools.map((each) => [each.prefix, each.plugin])),
      rules: Object.fromEntries(order.map((rule) => [rule, 'error' as const])),
    };
    return new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: [config],
      ignore: false,
      allowInlineConfig: false,
      stats: true,
    });
  });

  const spent = new Map<string, number>();
  let filesLinted = 0;
  let parseMs = 0;
  for (const [index, file] of (await sourcesIn(root)).entries()) {
    const text = await readFile(file, 'utf8');
    const [result] = (await (index % 2 === 0 ? forward : backward)?.lintText(text, { filePath: file })) ?? [];
    if (!result || result.messages.some((each) => each.fatal)) continue;
    const unlinted = result.messages.find((each) => each.ruleId === null);
    if (unlinted) throw new Error(`ESLint did not lint ${path.relative(root, file)}: ${unlinted.message}`);
    filesLinted++;
    for (const pass of result.stats?.times.passes ?? []) {
      parseMs += pass.parse?.total ?? 0;
      for (const [rule, { total }] of Object.entries(pass.rules ?? {})) spent.set(rule, (spent.get(rule) ?? 0) + total);
    }
  }
  return {
    filesLinted,
    parseMs,
    tools: tools.map(({ name, version, rules }) => {
      const each = rules.map((rule) => [rule, (spent.get(rule) ?? 0) / filesLinted] as const);
      return {
        name,
        version,
        msPerFile: each.reduce((sum, [, ms]) => sum + ms, 0),
        rules: Object.fromEntries(each),
      };
    }),
  };
}

/** Every source below a folder that people write, in order. */
export async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return unread.test(entry.name) ? [] : sourcesIn(full);
      return entry.isFile() && source.test(entry.name) && !entry.name.includes('.min.') ? [full] : [];
    }),
  );
  return found.flat().sort();
}
