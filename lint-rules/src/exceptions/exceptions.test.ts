import { Linter as Linter10 } from 'eslint';
import { Linter as Linter9 } from 'eslint-9';
import * as tsParser from '@typescript-eslint/parser';
import * as vueParser from 'vue-eslint-parser';
import { describe, expect, it } from 'vitest';
import plugin from '../index.js';

const versions = [
  ['9', Linter9 as unknown as typeof Linter10],
  ['10', Linter10],
] as const;

const pool = 'export const pool = new Pool({ password: process.env.P, maxLifetimeSeconds: 9 });';
const above = (comment: string) => `import { Pool } from 'pg';\n${comment}\n${pool}`;

describe.each(versions)('a comment that accepts a finding, in ESLint %s', (_, Linter) => {
  const found = (code: string, filename = 'src/pool.js', more: object = {}) =>
    new Linter()
      .verify(code, [{ files: ['**/*.vue'] }, plugin.configs.recommended as never, more as never], { filename })
      .map(({ ruleId, line }) => `${String(line)} ${ruleId ?? ''}`);

  it('is honoured with a rule and a reason', () => {
    expect(found(above('// no comment'))).toEqual(['3 keyturn/require-pool-refresh']);
    expect(found(above('// keyturn-ignore-next-line require-pool-refresh -- it restarts every night'))).toEqual([]);
    expect(found(above('/* keyturn-ignore-next-line keyturn/require-pool-refresh -- it restarts */\n\n'))).toEqual([]);
  });

  it('is not honoured without a reason, and says so', () => {
    expect(found(above('// keyturn-ignore-next-line require-pool-refresh'))).toEqual([
      '2 keyturn/exception-malformed',
      '3 keyturn/require-pool-refresh',
    ]);
  });

  it('holds through its last day', () => {
    const until = (day: string) => above(`// keyturn-ignore-next-line require-pool-refresh -- soon (until ${day})`);
    expect(found(until('2999-01-01'))).toEqual([]);
    expect(found(until('2020-01-01'))).toEqual(['2 keyturn/exception-expired', '3 keyturn/require-pool-refresh']);
  });

  it('is reported when it covers nothing', () => {
    const unused = '// keyturn-ignore-next-line no-hardcoded-credential -- a sample\nexport const a = 1;';
    expect(found(unused)).toEqual(['1 keyturn/exception-unused']);
  });

  it('is left alone when the rule did not run', () => {
    const other = '// keyturn-ignore-next-line require-rotation-schedule -- a policy\nexport const a = 1;';
    expect(found(other)).toEqual([]);
  });

  it('covers one rule of a line and not another', () => {
    const both = `import { Pool } from 'pg';\n// keyturn-ignore-next-line require-pool-refresh -- why\nexport const pool = new Pool({ password: 'correct-horse-9', maxLifetimeSeconds: 9 });`;
    expect(found(both)).toEqual(['3 keyturn/no-hardcoded-credential']);
  });

  it('covers what a rule says at the end of the file', () => {
    const end = `import { Pool } from 'pg';\nimport http from 'node:http';\nconst pool = new Pool({ host: 'db', maxLifetimeSeconds: 9 });\nhttp.createServer(() => pool.query('x')).listen(1);\n// keyturn-ignore-next-line require-pool-drain -- the proxy waits\nprocess.on('SIGTERM', () => process.exit(0));`;
    expect(found(end.replace(/^\/\/.*\n/m, ''))).toEqual(['5 keyturn/require-pool-drain']);
    expect(found(end)).toEqual([]);
  });

  it('works in Vue', () => {
    const vue = `<template><p /></template>\n<script lang="ts">\n${above('// keyturn-ignore-next-line require-pool-refresh -- a demo')}\n</script>\n`;
    const languageOptions = { parser: vueParser, parserOptions: { parser: tsParser } };
    expect(found(vue, 'src/App.vue', { languageOptions })).toEqual([]);
  });

  it('is left to a caller who judges them elsewhere', () => {
    const comment = above('// keyturn-ignore-next-line require-pool-refresh -- why');
    expect(found(comment, 'src/pool.js', { settings: { keyturn: { exceptions: 'elsewhere' } } })).toEqual([
      '3 keyturn/require-pool-refresh',
    ]);
  });
});
