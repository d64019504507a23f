import { readFile } from 'node:fs/promises';
import path from 'node:path';
import tsParser from '@typescript-eslint/parser';
import { type Linter, ESLint } from 'eslint';
import keyturn, { lintRuleFacts } from '@keyturn/eslint-plugin';
import { installedPeers } from './peers.js';

/** One line that somebody judged by reading it: `tp` is a finding, `fp-trap` looks like one and is none. */
export interface Label {
  readonly repo: string;
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly label: 'tp' | 'fp-trap';
  readonly class?: string;
  /** True for a line of a repository that no rule was changed for. */
  readonly kept?: boolean;
}

export interface Score {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  /** Not a number is written as `null`: nothing was reported. */
  readonly precision: number | null;
  readonly recall: number | null;
}

export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly rules: Readonly<Record<string, Score>>;
  readonly misses: readonly { readonly path: string; readonly line: number }[];
}

/** The same judgement with one repository after the other taken away: the worst says how much rests on one of them. */
export interface LeftOut {
  readonly rule: string;
  readonly repo: string;
  readonly kept: Score;
  readonly alone: Score;
}

export interface Accuracy {
  readonly filesLinted: number;
  readonly missing: readonly string[];
  readonly tools: readonly Tool[];
  readonly leaveOneOut: readonly LeftOut[];
}

interface Linted {
  readonly name: string;
  readonly version: string;
  /** Our rule ids, and the rules of the tool that stand for each. */
  readonly covers: Readonly<Record<string, readonly string[]>>;
  readonly plugins: Record<string, ESLint.Plugin>;
  readonly rules: Linter.RulesRecord;
}

const extension = /\.[cm]?[jt]sx?$/;

/** Reads labels, one JSON object in each line; lines of files that ESLint does not lint are left out. */
export async function readLabels(file: string): Promise<Label[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((each) => each.trim() !== '');
  return lines.map((each) => JSON.parse(each) as Label).filter((each) => extension.test(each.path));
}

/** Lints every labelled file that the corpus has, with our rules and with the peers that are installed. */
export async function measure(
  corpus: string,
  labels: readonly Label[],
  options: { skipTests: boolean },
): Promise<Accuracy> {
  const root = path.resolve(corpus);
  const tools = [ours(options.skipTests), ...(await peers())];
  const byRepo = groupedByRepo(labels);
  const missing = new Set<string>();
  const linted = new Set<string>();
  const reports = new Map<string, Map<string, { rule: string; from: number; to: number }[]>>();

  for (const [repo, own] of byRepo) {
    const files = [...new Set(own.map((each) => each.path))];
    for (const tool of tools) {
      const eslint = engine(path.join(root, repo), tool);
      for (const file of files) {
        const name = `${repo}/${file}`;
        const text = await readFile(path.join(root, name), 'utf8').catch(() => undefined);
        if (text === undefined) {
          missing.add(name);
          continue;
        }
        const [result] = await eslint.lintText(text, { filePath: path.join(root, name) });
        if (!result) throw new Error(`ESLint gave no result for ${name}.`);
        const unruly = result.messages.find((each) => each.ruleId === null);
        if (unruly?.fatal !== true && unruly) throw new Error(`ESLint did not lint ${name}: ${unruly.message}`);
        if (unruly) {
          missing.add(name);
          continue;
        }
        linted.add(name);
        const found = result.messages.map((each) => ({
          rule: each.ruleId ?? '',
          from: each.line,
          to: each.endLine ?? each.line,
        }));
        const ofTool = reports.get(tool.name) ?? new Map<string, typeof found>();
        reports.set(tool.name, ofTool.set(name, found));
      }
    }
  }

  const judged = labels.filter((each) => linted.has(`${each.repo}/${each.path}`));
  const covered = lintRuleFacts.map((each) => each.id).filter((id) => judged.some((each) => each.rule === id));
  const hits = (tool: Linted, label: Label) =>
    (reports.get(tool.name)?.get(`${label.repo}/${label.path}`) ?? []).some(
      (each) => tool.covers[label.rule]?.includes(each.rule) && each.from <= label.line && label.line <= each.to,
    );
  const own = tools[0];
  if (!own) throw new Error('There is no tool to measure.');
  return {
    filesLinted: linted.size,
    missing: [...missing].sort(),
    tools: tools.map((tool) => ({
      name: tool.name,
      version: tool.version,
      rules: Object.fromEntries(
        covered
          .filter((id) => tool.covers[id])
          .map((id) => [
            id,
            score(
              judged.filter((each) => each.rule === id),
              (label) => hits(tool, label),
            ),
          ]),
      ),
      misses: judged
        .filter((each) => tool.covers[each.rule] && hits(tool, each) !== (each.label === 'tp'))
        .map((each) => ({ path: `${each.repo}/${each.path}`, line: each.line })),
    })),
    leaveOneOut: covered.flatMap((rule) => {
      const ofRule = judged.filter((each) => each.rule === rule);
      return [...new Set(ofRule.map((each) => each.repo))].map((repo) => ({
        rule,
        repo,
        kept: score(
          ofRule.filter((each) => each.repo !== repo),
          (label) => hits(own, label),
        ),
        alone: score(
          ofRule.filter((each) => each.repo === repo),
          (label) => hits(own, label),
        ),
      }));
    }),
  };
}

function score(labels: readonly Label[], isHit: (label: Label) => boolean): Score {
  const count = (label: Label['label'], hit: boolean) =>
    labels.filter((each) => each.label === label && isHit(each) === hit).length;
  const tp = count('tp', true);
  const fp = count('fp-trap', true);
  const fn = count('tp', false);
  const tn = count('fp-trap', false);
  return {
    tp,
    fp,
    fn,
    tn,
    precision: tp + fp === 0 ? null : tp / (tp + fp),
    recall: tp + fn === 0 ? null : tp / (tp + fn),
  };
}

function engine(cwd: string, tool: Linted): ESLint {
  return new ESLint({
    cwd,
    overrideConfigFile: true,
    errorOnUnmatchedPattern: true,
    ignore: false,
    allowInlineConfig: false,
    overrideConfig: [
      {
        files: ['**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx}'],
        languageOptions: { parser: tsParser, parserOptions: { ecmaFeatures: { jsx: true } } },
        linterOptions: { reportUnusedDisableDirectives: 'off' },
        plugins: tool.plugins,
        rules: tool.rules,
      },
    ],
  });
}

function ours(skipTests: boolean): Linted {
  const ids = lintRuleFacts.map((each) => each.id);
  return {
    name: keyturn.meta.name,
    version: keyturn.meta.version,
    covers: Object.fromEntries(ids.map((id) => [id, [`keyturn/${id}`]])),
    plugins: { keyturn: keyturn as unknown as ESLint.Plugin },
    rules: Object.fromEntries(
      ids.map((id) => [`keyturn/${id}`, hasOption(id, 'checkTests') ? ['error', { checkTests: !skipTests }] : 'error']),
    ),
  };
}

function hasOption(id: string, option: string): boolean {
  const schema = keyturn.rules[id]?.meta.schema;
  return JSON.stringify(schema ?? null).includes(`"${option}"`);
}

async function peers(): Promise<Linted[]> {
  return (await installedPeers()).map(({ name, version, prefix, plugin, rules }) => ({
    name,
    version,
    covers: { 'no-hardcoded-credential': rules },
    plugins: { [prefix]: plugin },
    rules: Object.fromEntries(rules.map((each) => [each, 'error'])),
  }));
}

function groupedByRepo(labels: readonly Label[]): Map<string, Label[]> {
  const groups = new Map<string, Label[]>();
  for (const each of labels) groups.set(each.repo, [...(groups.get(each.repo) ?? []), each]);
  return groups;
}
