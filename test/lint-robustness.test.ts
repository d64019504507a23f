import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import tsParser from '@typescript-eslint/parser';
import { Linter } from 'eslint';
import fc from 'fast-check';
import keyturn, { lintRuleFacts } from '@keyturn/eslint-plugin';
import { describe, expect, it } from 'vitest';

const linter = new Linter();
const rules = Object.fromEntries(lintRuleFacts.map((each) => [`keyturn/${each.id}`, 'error' as const]));

function lint(code: string): Linter.LintMessage[] {
  const messages = linter.verify(
    code,
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tsParser },
      plugins: { keyturn: keyturn as never },
      rules,
    },
    { filename: 'src/sample.ts' },
  );
  const unlinted = messages.find((each) => each.ruleId === null && each.fatal !== true);
  if (unlinted) throw new Error(`ESLint did not lint the sample: ${unlinted.message}`);
  return messages;
}

const folder = path.join(import.meta.dirname, '../lint-rules/src/rules');
const seeds = readdirSync(folder)
  .filter((each) => each.endsWith('.test.ts'))
  .flatMap((each) => [...readFileSync(path.join(folder, each), 'utf8').matchAll(/code:\s*(["'])(.*?)\1,?$/gm)])
  .map((each) => (each[2] ?? '').replaceAll('\\n', '\n').replaceAll("\\'", "'"));
const pieces = [
  '',
  '...',
  'await ',
  '[0]',
  '?.',
  'constructor',
  '__proto__',
  'toString',
  '() => ',
  '{',
  '}',
  '(',
  ')',
  'null',
  '`${a}`',
  'as const',
  'async ',
  '=',
  ',',
  'class A { #p = ',
  'hasOwnProperty',
  "'\\u0000'",
  '/x/',
  '1n',
];

describe('every rule', () => {
  it('survives sources that were cut and spliced', () => {
    expect(seeds.length).toBeGreaterThan(20);
    let parsed = 0;
    const mutated = fc.tuple(
      fc.constantFrom(...seeds),
      fc.constantFrom(...seeds),
      fc.nat(400),
      fc.nat(40),
      fc.constantFrom(...pieces),
      fc.boolean(),
    );
    fc.assert(
      fc.property(mutated, ([one, other, at, length, piece, joins]) => {
        const cut = at % (one.length + 1);
        const code = one.slice(0, cut) + piece + one.slice(cut + (length % 7)) + (joins ? `\n${other}` : '');
        if (!lint(code).some((each) => each.fatal)) parsed++;
      }),
      { numRuns: 800 },
    );
    expect(parsed).toBeGreaterThan(80);
  });

  it('survives names that every object has', () => {
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'];
    const code = names
      .map((each) => `x.${each}('base64'); ${each}; y['${each}'] = z?.${each} || 'a'; import('${each}');`)
      .join('\n');
    expect(lint(`import { Pool } from 'pg';\n${code}`)).toEqual([]);
  });

  it.each([
    ['a constant that is itself', "import { Pool } from 'pg'; const a = b, b = a; export const p = new Pool(a);"],
    [
      'a function that returns itself',
      "import knex from 'knex'; const f = () => f(); export default knex({ connection: f });",
    ],
    [
      'an object inside itself',
      "import { Pool } from 'pg'; const o = { ...o, password: o.password }; export const p = new Pool(o);",
    ],
    [
      'a factory of itself',
      "import { TypeOrmModule } from '@nestjs/typeorm'; const o = { useFactory: () => o }; export const m = TypeOrmModule.forRootAsync(o);",
    ],
    [
      'a function that calls itself with what it is given',
      "import { Pool } from 'pg'; export function open(o) { o = o || {}; open({ ...o }); return new Pool(o); }",
    ],
    ['a spread of itself', "import { Pool } from 'pg'; const o = { ...o }; export const p = new Pool(o);"],
  ])('ends on %s', (_, code) => {
    expect(lint(code).filter((each) => each.fatal)).toEqual([]);
  });

  it.each([
    ['a long literal', (size: number) => `const password = '${'a:'.repeat(size)}';`],
    ['a long address', (size: number) => `const u = 'postgres://${'a:'.repeat(size)}';`],
    ['many addresses', (size: number) => `const u = '${'s://a:b'.repeat(size)}';`],
    ['a long key', (size: number) => `const k = '-----BEGIN PRIVATE KEY-----${'A '.repeat(size)}';`],
    ['many names', (size: number) => 'f(a.password, b.token);\n'.repeat(size / 20)],
  ])('takes no more than linear time for %s', (_, code) => {
    const fastestOf = (size: number) =>
      Math.min(
        ...[1, 2, 3, 4, 5].map(() => {
          const before = performance.now();
          lint(code(size));
          return performance.now() - before;
        }),
      );
    lint(code(1_000));
    // Four times the text takes four times as long, and sixteen times where it grows with the square.
    expect(fastestOf(80_000) / Math.max(fastestOf(20_000), 2)).toBeLessThan(12);
  });
});

describe('suggestions', () => {
  const pages = path.join(import.meta.dirname, '../docs/rules');
  const samples = readdirSync(pages).flatMap((page) =>
    [...readFileSync(path.join(pages, page), 'utf8').matchAll(/^```(?:js|ts)\n([\s\S]*?)^```/gm)].map(
      (each) => each[1] ?? '',
    ),
  );
  const kinds = (code: string) =>
    lint(code).map((each) =>
      each.fatal ? `does not parse: ${each.message}` : `${each.ruleId ?? ''} ${each.messageId ?? ''}`,
    );

  /** What is found after a suggestion and was not found before. */
  function broughtBy(
    code: string,
    fix: { readonly range: readonly [number, number]; readonly text: string },
  ): string[] {
    const before = kinds(code);
    const after = kinds(code.slice(0, fix.range[0]) + fix.text + code.slice(fix.range[1]));
    return after.filter((each) => {
      const known = before.indexOf(each);
      if (known !== -1) before.splice(known, 1);
      return known === -1;
    });
  }

  it('parse, and bring no new finding', () => {
    let applied = 0;
    const sources = [...new Set([...seeds, ...samples])].filter((code) =>
      lint(code).some((each) => each.suggestions !== undefined && each.suggestions.length > 0),
    );
    const frames = ['%', 'export function around(a) {\n%\n}', '// before\n%\n// after', '%\n%'].map(
      (frame) => (code: string) => frame.replaceAll('%', () => code),
    );
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.constantFrom(...frames), (source, frame) => {
        const code = frame(source);
        const messages = lint(code);
        if (messages.some((each) => each.fatal)) return;
        for (const { suggestions } of messages) {
          for (const { fix, desc } of suggestions ?? []) {
            applied++;
            expect({ code, desc, brings: broughtBy(code, fix) }).toEqual({ code, desc, brings: [] });
          }
        }
      }),
      { numRuns: 80 },
    );
    expect(applied).toBeGreaterThan(20);
  });
});
