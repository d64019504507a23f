import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createContext, Script } from 'node:vm';
import { parse } from '@typescript-eslint/parser';
import { describe, expect, it } from 'vitest';

interface Found {
  readonly file: string;
  readonly regex: RegExp;
}

/** Every regular expression that is written in the plugin. */
function regexesIn(folder: string): Found[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.test|\.testing)\.ts$/.test(name))
    .flatMap((name) => {
      const tokens = parse(readFileSync(path.join(folder, name), 'utf8'), { range: true, tokens: true }).tokens ?? [];
      return tokens.flatMap(({ type, value }) => {
        const [, pattern, flags] =
          (type as string) === 'RegularExpression' ? (/^\/(.*)\/([a-z]*)$/s.exec(value) ?? []) : [];
        return pattern === undefined ? [] : [{ file: name, regex: new RegExp(pattern, flags) }];
      });
    });
}

/** Texts of about `size` characters that make a backtracking expression try again and again: its own words, and fillers between them. */
function hardTexts({ source }: RegExp, size: number): string[] {
  const words = [...new Set(source.match(/[A-Za-z0-9_:/@.-]{1,12}/g) ?? [])]
    .filter((word) => !/^[dwsbDWSB]$/.test(word))
    .slice(0, 12);
  const fillers = [
    'a',
    'A',
    '1',
    ' ',
    '\t',
    '_',
    '-',
    '/',
    ':',
    '.',
    '$',
    "'",
    'a:',
    'a_',
    'aB',
    'a.',
    'a/',
    '{}',
    '\n',
  ];
  const repeat = (text: string) => text.repeat(Math.ceil(size / text.length));
  return [
    ...fillers.map(repeat),
    ...words.map(repeat),
    ...words.flatMap((word) => [
      ...fillers.slice(0, 8).map((filler) => `${word}${repeat(filler)}`),
      repeat(`${word} `),
    ]),
  ];
}

const subject = createContext({});
const search = new Script('regex.global ? Array.from(text.matchAll(regex)) : regex.test(text)');
const longestMs = 10_000;

/** What it costs in processor time of this process, which other programs on the machine hardly change. One that does not end costs without limit. */
function cost(regex: RegExp, text: string): number {
  Object.assign(subject, { regex, text });
  const before = process.cpuUsage();
  try {
    search.runInContext(subject, { timeout: longestMs });
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** These see a name, a literal or a path, and never a whole file. */
const longest = { text: 40_000, short: 4_000 };

describe('every regular expression of the plugin', () => {
  const found = regexesIn(path.join(import.meta.dirname, '../lint-rules/src'));

  it('answers for the hardest text it can be given', () => {
    expect(found.length).toBeGreaterThan(100);
    const slow = found.flatMap(({ file, regex }) => {
      const worst = hardTexts(regex, longest.short).map((text) => ({ text, ms: cost(regex, text) }));
      const [hardest] = worst.sort((one, other) => other.ms - one.ms);
      if (!hardest || hardest.ms < 5) return [];
      if (hardest.ms > longestMs) return [`${file}: ${String(regex)} does not end`];
      // Ten times the text may take ten times as long, and no hundred times.
      const ten = cost(regex, hardest.text.repeat(longest.text / longest.short));
      return ten > 40 * hardest.ms
        ? [`${file}: ${String(regex)} ${hardest.ms.toFixed(0)} ms, then ${ten.toFixed(0)} ms`]
        : [];
    });
    expect(slow).toEqual([]);
  });
});
