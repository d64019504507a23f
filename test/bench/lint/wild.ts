import { readFile } from 'node:fs/promises';
import path from 'node:path';
import tsParser from '@typescript-eslint/parser';
import { Linter } from 'eslint';
import keyturn, { lintRuleFacts } from '@keyturn/eslint-plugin';
import { sourcesIn } from './speed.js';

export interface Wild {
  filesLinted: number;
  /** Files that the parser refused. */
  unparsed: number;
  findings: number;
  suggestions: number;
  /** Files in which a rule threw. */
  readonly crashes: Trouble[];
  /** Suggestions whose outcome does not parse. */
  readonly broken: Trouble[];
  /** Suggestions whose outcome has a finding of the same rule more than before, or one of another rule that was not there. */
  readonly worse: Trouble[];
  /** The file that took longest, parsing included. */
  slowest: { ms: number; path: string; kb: number };
}

export interface Trouble {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

const rules = Object.fromEntries(lintRuleFacts.map((each) => [`keyturn/${each.id}`, 'error' as const]));
const config: Linter.Config = {
  files: ['**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx}'],
  languageOptions: { parser: tsParser, parserOptions: { ecmaFeatures: { jsx: true } } },
  linterOptions: { reportUnusedDisableDirectives: 'off' },
  plugins: { keyturn: keyturn as never },
  rules,
};

/** Every rule over every file, and every suggestion taken once, alone. */
export async function lintWild(corpus: string, say: (text: string) => void): Promise<Wild> {
  const root = path.resolve(corpus);
  const linter = new Linter({ cwd: root });
  const wild: Wild = {
    filesLinted: 0,
    unparsed: 0,
    findings: 0,
    suggestions: 0,
    crashes: [],
    broken: [],
    worse: [],
    slowest: { ms: 0, path: '', kb: 0 },
  };
  for (const file of await sourcesIn(root)) {
    const text = await readFile(file, 'utf8');
    const name = path.relative(root, file);
    const lint = (code: string): Linter.LintMessage[] =>
      linter.verify(code, config, { filename: file, allowInlineConfig: false });
    const start = performance.now();
    let messages: Linter.LintMessage[];
    try {
      messages = lint(text);
    } catch (error) {
      const { message, ruleId = '' } = error as Error & { ruleId?: string };
      wild.crashes.push({ path: name, line: 0, rule: ruleId, message: message.split('\n')[0] ?? '' });
      continue;
    }
    if (messages.some((each) => each.fatal)) {
      wild.unparsed++;
      continue;
    }
    wild.filesLinted++;
    const ms = performance.now() - start;
    if (ms > wild.slowest.ms) wild.slowest = { ms, path: name, kb: Math.round(text.length / 1_000) };
    wild.findings += messages.length;
    const before = countOf(messages);
    for (const { ruleId, line, suggestions = [] } of messages) {
      for (const { fix, desc } of suggestions) {
        wild.suggestions++;
        const at = { path: name, line, rule: ruleId ?? '', message: desc };
        const after = lint(text.slice(0, fix.range[0]) + fix.text + text.slice(fix.range[1]));
        if (after.some((each) => each.fatal)) wild.broken.push(at);
        else if ([...countOf(after)].some(([rule, count]) => count > (before.get(rule) ?? 0))) wild.worse.push(at);
      }
    }
    if (wild.filesLinted % 1_000 === 0) say(`${wild.filesLinted} files, ${wild.suggestions} suggestions`);
  }
  return wild;
}

function countOf(messages: readonly Linter.LintMessage[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { ruleId } of messages) counts.set(ruleId ?? '', (counts.get(ruleId ?? '') ?? 0) + 1);
  return counts;
}
