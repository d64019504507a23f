import * as tsParser from '@typescript-eslint/parser';
import { ESLint as ESLint10, Linter as Linter10 } from 'eslint';
import { ESLint as ESLint9, Linter as Linter9 } from 'eslint-9';
import * as svelteParser from 'svelte-eslint-parser';
import * as vueParser from 'vue-eslint-parser';
import { describe, expect, it } from 'vitest';
import plugin from './index.js';

const pool = "import { Pool } from 'pg';\nexport const pool = new Pool({ host, password: await token() });";
const vue =
  '<script setup lang="ts">\nimport { createClient } from \'redis\';\nconst password: string = import.meta.env.P;\nconst cache = createClient({ password });\n</script>\n<template><p>{{ cache }}</p></template>\n';
const svelte =
  '<script lang="ts">\n  import { createClient } from \'redis\';\n  const password: string = import.meta.env.P;\n  const cache = createClient({ password });\n</script>\n<p>{cache}</p>\n';
const recommended = plugin.configs.recommended as never;

const versions = [
  ['9', Linter9 as unknown as typeof Linter10, ESLint9 as unknown as typeof ESLint10],
  ['10', Linter10, ESLint10],
] as const;

describe.each(versions)('in ESLint %s', (_, Linter, ESLint) => {
  const ids = (code: string, filename: string, language: object) =>
    new Linter()
      .verify(code, [{ files: ['**/*.{vue,svelte,jsx,ts,cjs}'] }, recommended, language as never], { filename })
      .map(({ ruleId, line, message }) => `${String(line)} ${ruleId ?? message}`);

  it('the script block of Vue', () => {
    const languageOptions = { parser: vueParser, parserOptions: { parser: tsParser } };
    expect(ids(vue, 'src/App.vue', { languageOptions })).toEqual(['4 keyturn/require-pool-refresh']);
  });

  it('the script block of Svelte', () => {
    const languageOptions = { parser: svelteParser, parserOptions: { parser: tsParser } };
    expect(ids(svelte, 'src/App.svelte', { languageOptions })).toEqual(['4 keyturn/require-pool-refresh']);
  });

  it('JSX, CommonJS and TypeScript', () => {
    const jsx = { languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } } };
    expect(ids(`${pool}\nexport const View = () => <p>{pool}</p>;`, 'src/view.jsx', jsx)).toEqual([
      '2 keyturn/require-pool-refresh',
    ]);
    const required = "const { Pool } = require('pg');\nmodule.exports = new Pool({ password: process.env.P });";
    expect(ids(required, 'src/pool.cjs', { languageOptions: { sourceType: 'commonjs' } })).toEqual([
      '2 keyturn/require-pool-refresh',
    ]);
    const typed = `${pool}\nexport type Row = { readonly id: number };`;
    expect(ids(typed, 'src/pool.ts', { languageOptions: { parser: tsParser } })).toEqual([
      '2 keyturn/require-pool-refresh',
    ]);
  });

  it('the way of an editor: a text, its findings, what to do, and a fix that can be chosen', async () => {
    const eslint = new ESLint({
      overrideConfigFile: true,
      overrideConfig: [recommended, plugin.configs.documents as never],
    });
    const [result] = await eslint.lintText(pool, { filePath: 'src/pool.js' });
    expect(result?.messages).toMatchObject([
      {
        ruleId: 'keyturn/require-pool-refresh',
        severity: 2,
        line: 2,
        suggestions: [
          { messageId: 'callFunction', desc: 'Pass a function, which the driver calls for every new connection.' },
        ],
      },
    ]);
    const [manifest] = await eslint.lintText(
      'apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: correct-horse-9-battery }\n',
      {
        filePath: 'deploy/secret.yaml',
      },
    );
    expect(manifest?.messages.map(({ ruleId }) => ruleId)).toEqual(['keyturn/no-hardcoded-password']);
    const rules = eslint.getRulesMetaForResults([{ ...(result as ESLint10.LintResult) }]);
    expect(rules['keyturn/require-pool-refresh']?.docs?.url).toContain('docs/rules/require-pool-refresh.md');
  });
});
