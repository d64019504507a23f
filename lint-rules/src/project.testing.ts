import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as parser from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import { afterEach, beforeEach } from 'vitest';
import plugin from './index.js';

/** Writes a project, and lints one of its files by one rule: the line and the message of each finding. */
export type LintProject = (rule: string, files: Readonly<Record<string, string>>, file: string) => Promise<string[]>;

/** A folder for each test that projects are written to. */
export function projects(): LintProject {
  let folder = '';
  beforeEach(() => {
    const room = path.join(import.meta.dirname, '../node_modules');
    mkdirSync(room, { recursive: true });
    folder = mkdtempSync(path.join(room, '.project-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  return async (rule, files, file) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    const eslint = new ESLint({
      cwd: folder,
      overrideConfigFile: true,
      ignore: false,
      overrideConfig: [
        {
          files: ['**/*.{js,ts}'],
          languageOptions: { parser },
          plugins: { keyturn: plugin as unknown as ESLint.Plugin },
          rules: { [`keyturn/${rule}`]: 'error' },
        },
      ],
    });
    const [result] = await eslint.lintText(files[file] ?? '', { filePath: path.join(folder, file) });
    return (result?.messages ?? []).map((each) => `${String(each.line)} ${each.messageId ?? each.message}`);
  };
}
