import type { Model } from '../resource.js';
import { readEnvFile } from './env-file.js';

export interface TemplateOptions {
  /** Path that places name. */
  readonly file: string;
}

/** Go with Helm, Jinja and ERB; `${{ … }}` is an expression of GitHub. */
const ofAnotherKind = /(?<!\$)\{\{|\{%|<%/;
const variable = /\$\{?[A-Za-z_]\w*/;

/** Whether a text becomes what it is to be only when a template engine has run: what that writes is not known. */
export function isFilledInLater(source: string): boolean {
  return ofAnotherKind.test(source);
}

/**
 * The settings of a template for `envsubst`, `NAME=value` or `name: value`, each as a resource of the type `file:env:Variable`. Its
 * other lines are text, and say nothing. A template of another kind, or one that names no variable, is reported in `notAnalysed`.
 */
export function readTemplate(source: string, { file }: TemplateOptions): Model {
  const because = isFilledInLater(source)
    ? 'it is a template of another kind than envsubst reads; check what it is filled in to'
    : variable.test(source)
      ? undefined
      : 'it names no variable, so it is no template for envsubst';
  if (because !== undefined) return { resources: [], notAnalysed: [{ what: file, because, place: { file, line: 1 } }] };
  return { resources: readEnvFile(source, { file, example: false }).resources, notAnalysed: [] };
}
