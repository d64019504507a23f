import type { Model } from '../resource.js';
import { readCompose } from './compose.js';
import { readEnvFile } from './env-file.js';
import { isHelmTemplate } from './helm-template.js';
import { readKubernetesYaml } from './kubernetes-yaml.js';
import { readShell } from './shell.js';
import { readTemplate } from './template.js';
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

const templates = /\.(tmpl|template|envsubst)$/;
const manifest = /^[ \t]*(?:- )?apiVersion\s*:/m;

/**
 * The reader of files that are known by their name: compose files, workflows, `.env` files, scripts, and templates for `envsubst`
 * (`secret.yaml.tmpl`, `app.conf.template`). Folders are separated by `/`.
 */
export function textReaderOf(file: string): TextReader | undefined {
  const named = readers.find(([name]) => name.test(file))?.[1];
  if (named || !templates.test(file)) return named;
  const filled = file.replace(templates, '');
  return readers.find(([name]) => name.test(filled))?.[1] ?? (/\.ya?ml$/.test(filled) ? undefined : readTemplate);
}

/** Patterns of the files that may have a reader, for globs: those of `textReaderOf`, and YAML, which may be a manifest. */
export const textFiles: readonly string[] = [
  '**/*.{yml,yaml}',
  '**/.env',
  '**/.env.*',
  '**/*.env',
  '**/*.env.{example,sample,template,dist,tpl,tmpl}',
  '**/*.{sh,bash,zsh,sql}',
  '**/*.{tmpl,template,envsubst}',
];

/** A JSON text is YAML, but for the tabs that it may be indented with. */
const readJsonManifest: TextReader = (source, options) => readKubernetesYaml(source.replaceAll('\t', ' '), options);

/** Whether a JSON text is a Kubernetes manifest, or a list of them. A state of Pulumi holds manifests, and is none. */
export function isJsonManifest(text: string): boolean {
  if (!/^\s*\{/.test(text) || !/"apiVersion"\s*:/.test(text) || !/"kind"\s*:/.test(text)) return false;
  try {
    const read = JSON.parse(text) as object;
    return 'apiVersion' in read && 'kind' in read;
  } catch {
    // One that is broken, or that a template fills in, begins like one.
    return /^\s*\{\s*"(?:apiVersion|kind)"\s*:/.test(text);
  }
}

/** Whether a reader is one of Kubernetes manifests. */
export function readsManifests(reader: TextReader): boolean {
  return reader === readKubernetesYaml || reader === readJsonManifest;
}

/** The reader of a file by its name and, for Kubernetes manifests, by its text. */
export function readerOfText(text: string, file: string): TextReader | undefined {
  if (/\.json$/.test(file)) return isJsonManifest(text) ? readJsonManifest : undefined;
  const named = textReaderOf(file);
  const filled = file.replace(templates, '');
  const isYaml = /\.ya?ml$/.test(filled);
  // A manifest may well be called compose.yaml.
  if (
    isYaml &&
    (manifest.test(text) || (!named && isHelmTemplate(text))) &&
    (!named || (named === readCompose && !/^services\s*:/m.test(text)))
  )
    return readKubernetesYaml;
  return named ?? (isYaml && filled !== file ? readTemplate : undefined);
}
