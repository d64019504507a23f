import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

import plugin, { lintRuleFacts } from '@keyturn/eslint-plugin';
import {
  defaultLevel,
  fingerprintOf,
  printable,
  type Finding,
  type Level,
  type NotAnalysed,
  type Preset,
  type Suppressed,
} from '@keyturn/findings';
import * as parser from '@typescript-eslint/parser';
import { Linter } from 'eslint';

import { codeOf, type Setting } from '../config/config.js';
import type { Part } from './part.js';

export interface SourceOptions {
  readonly cwd: string;
  readonly preset: Preset;
  readonly rules: Readonly<Record<string, Setting>>;
  /** How the file is named in fingerprints. */
  readonly named: (file: string) => string;
  readonly shown: (file: string) => string;
  readonly onDone?: (file: string) => void;
}

/** What lies beyond this was made by a program, and is checked where it was made from. */
const mostBytes = 2_000_000;
const prefix = 'keyturn/';

/** Runs our lint rules over application source. The user's ESLint configuration plays no part; `eslint-disable` comments do, and are shown. */
export async function checkSources(
  files: readonly string[],
  options: SourceOptions,
): Promise<Part & { readonly suppressed: readonly Suppressed[] }> {
  const levels = new Map(lintRuleFacts.map((facts) => [facts.id, settingOf(facts.id, options)]));
  const config = configOf(levels);
  const findings: Finding[] = [];
  const suppressed: Suppressed[] = [];
  const notAnalysed: NotAnalysed[] = [];
  const read: Part['read'][number][] = [];

  for (const file of files) {
    // Programs that are recorded at the same time wait for answers from this thread.
    await setImmediate();
    const source = sourceOf(file);
    if (typeof source !== 'string') {
      notAnalysed.push({ what: options.shown(file), ...source });
      continue;
    }
    const inside = !path.relative(options.cwd, file).startsWith('..');
    const linter = new Linter({ cwd: inside ? options.cwd : path.dirname(file) });
    const messages = linter.verify(source, config, { filename: file });
    const toFinding = findingsOf(file, levels, options);
    const fatal = messages.find((message) => message.fatal);
    if (fatal) {
      notAnalysed.push(unparsed(options.shown(file), fatal));
    } else {
      findings.push(...messages.flatMap(toFinding));
      for (const message of suppressedBy(linter)) {
        const [finding] = toFinding(message);
        const reason = message.suppressions.map(({ justification }) => justification).find((text) => text !== '');
        if (finding)
          suppressed.push({ finding, by: 'comment', reason: reason ?? 'an `eslint-disable` comment without a reason' });
      }
      const off = source.match(/\/\*\s*eslint\s[^*]*keyturn\/[^*]*\*\//);
      if (off) {
        const line = source.slice(0, off.index).split('\n').length;
        const because = 'a comment in it changes the configuration of rules';
        notAnalysed.push({ what: options.shown(file), because, place: { file: options.shown(file), line } });
      }
      read.push({ file: options.shown(file), by: 'lint' });
    }
    options.onDone?.(file);
  }
  return { findings, suppressed, undecided: [], notAnalysed, resources: [], read, sourceFiles: read.length };
}

/** A method that ESLint documents and its types leave out. */
function suppressedBy(linter: Linter): readonly Linter.SuppressedLintMessage[] {
  return (linter as Linter & { getSuppressedMessages(): Linter.SuppressedLintMessage[] }).getSuppressedMessages();
}

interface RuleLevel {
  readonly level: Level;
  readonly options?: Readonly<Record<string, unknown>>;
}

function settingOf(id: string, { preset, rules }: SourceOptions): RuleLevel {
  const given = rules[id];
  const setting = typeof given === 'string' ? { level: given } : (given ?? {});
  const severity = lintRuleFacts.find((facts) => facts.id === id)?.severity ?? 'low';
  return { ...setting, level: setting.level ?? defaultLevel(severity, preset) };
}

function configOf(levels: ReadonlyMap<string, RuleLevel>): Linter.Config[] {
  const severity = { off: 'off', warn: 'warn', block: 'error' } as const;
  const rules: Linter.RulesRecord = Object.fromEntries(
    [...levels].map(([id, { level, options }]) => [
      `${prefix}${id}`,
      options === undefined ? severity[level] : [severity[level], options],
    ]),
  );
  const language = (jsx: boolean): Linter.LanguageOptions => ({
    parser,
    sourceType: 'module',
    parserOptions: { ecmaFeatures: { jsx } },
  });
  return [
    // `check` judges the exceptions of all findings at once.
    { settings: { keyturn: { exceptions: 'elsewhere' } } },
    { files: ['**/*'], plugins: { keyturn: { rules: plugin.rules as never } }, rules, languageOptions: language(true) },
    { files: ['**/*.{ts,mts,cts}'], languageOptions: language(false) },
    { linterOptions: { reportUnusedDisableDirectives: 'off', reportUnusedInlineConfigs: 'off' } },
  ];
}

function sourceOf(file: string): string | Omit<NotAnalysed, 'what'> {
  try {
    const { size } = statSync(file);
    if (size > mostBytes) return { because: `it is larger than ${mostBytes / 1e6} MB`, extent: 'part' };
    return readFileSync(file, 'utf8');
  } catch (error) {
    return { because: `it cannot be read (${codeOf(error)})`, extent: 'whole' };
  }
}

/** A parser quotes the source in its message, and the source may hold a password. */
function unparsed(file: string, { line = 1, column = 1 }: Linter.LintMessage): NotAnalysed {
  return {
    what: file,
    because: 'it cannot be parsed',
    place: { file, line: Math.max(1, line), column: Math.max(1, column) },
    extent: 'whole',
  };
}

/** Findings that read the same are told apart by their order in the file, so that a fingerprint needs no line. */
function findingsOf(file: string, levels: ReadonlyMap<string, RuleLevel>, { named, shown }: SourceOptions) {
  const seen = new Map<string, number>();
  return ({ ruleId, message, line, column, endLine, endColumn }: Linter.LintMessage): Finding[] => {
    const id = ruleId?.startsWith(prefix) === true ? ruleId.slice(prefix.length) : undefined;
    const facts = lintRuleFacts.find((rule) => rule.id === id);
    const level = id === undefined ? undefined : levels.get(id)?.level;
    if (id === undefined || !facts || level === undefined || level === 'off') return [];
    const key = JSON.stringify([id, message]);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return [
      {
        rule: id,
        severity: facts.severity,
        level,
        message: printable(message),
        place: {
          file: shown(file),
          line,
          column,
          ...(endLine === undefined ? {} : { endLine }),
          ...(endColumn === undefined ? {} : { endColumn }),
        },
        fingerprint: fingerprintOf(id, named(file), message, String(count)),
      },
    ];
  };
}
