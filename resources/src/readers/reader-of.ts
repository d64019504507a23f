import type { Model } from '../resource.js';
import { readCompose } from './compose.js';
import { readEnvFile } from './env-file.js';
import { readShell } from './shell.js';
import { readWorkflow } from './workflow.js';

/** Reads the text of a file into a model. */
export type TextReader = (source: string, options: { readonly file: string }) => Model;

const readers: readonly (readonly [name: RegExp, reader: TextReader])[] = [
  [/(^|\/)(docker-)?compose([.-][^/]+)?\.ya?ml$/i, readCompose],
  [/(^|\/)\.github\/workflows\/[^/]+\.ya?ml$/, readWorkflow],
  [/(^|\/)(\.gitlab-ci|[^/]+\.gitlab-ci)\.ya?ml$/, readWorkflow],
  [/(^|\/)(\.env(\.[^/]+)?|[^/]+\.env(\.(example|sample|template|dist|tpl|tmpl))?)$/, readEnvFile],
  [/\.(sh|bash|zsh|sql)$/, readShell],
];

/** The reader of files that are known by their name: compose files, workflows, `.env` files, scripts. Folders are separated by `/`. */
export function textReaderOf(file: string): TextReader | undefined {
  return readers.find(([name]) => name.test(file))?.[1];
}
