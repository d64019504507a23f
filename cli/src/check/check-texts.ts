import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { evaluate, type EvaluateOptions } from '@keyturn/policies';
import {
  isFilledInLater,
  readerOfText,
  readsManifests,
  type Model,
  type NotAnalysed,
  type Resource,
  type TextReader,
} from '@keyturn/resources';

import { codeOf } from '../config/config.js';
import { movePlaces, type Part } from './part.js';

export interface TextOptions {
  readonly evaluate: EvaluateOptions;
  /** How the file is named in URNs, which fingerprints are made from. */
  readonly named: (file: string) => string;
  readonly shown: (file: string) => string;
}

/** What lies beyond this is a dump or was made by a program. */
const mostBytes = 2_000_000;

/**
 * Reads manifests, compose files, workflows, `.env` files, templates and scripts as one model, because a Secret and the Deployment that
 * uses it seldom share a file. The readers and the policies are those of the editor.
 */
export function checkTexts(files: readonly string[], { evaluate: settings, named, shown }: TextOptions): Part {
  const resources: Resource[] = [];
  const notAnalysed: NotAnalysed[] = [];
  const read: Part['read'][number][] = [];
  const full = new Map(files.map((file) => [named(file), file]));
  let manifests = 0;

  for (const file of files) {
    const place = { file: named(file), line: 1 };
    const leftOut = (because: string, extent: 'whole' | 'part') =>
      notAnalysed.push({ what: shown(file), because, place, extent });
    const source = textOf(file);
    if (typeof source !== 'string') {
      leftOut(source.because, source.extent);
      continue;
    }
    // The whole path decides: `named` starts at the repository, which may be the folder `.github` itself.
    const reader = readerOfText(source, file.split(path.sep).join('/'));
    if (!reader) continue;
    const model = modelOf(reader, source, named(file));
    if (typeof model === 'string') {
      leftOut(model, 'whole');
      continue;
    }
    const isManifest = readsManifests(reader);
    const isUnread = model.resources.length === 0 && model.notAnalysed.length > 0;
    const isBroken = !isFilledInLater(source) && model.notAnalysed.some(isSyntax);
    resources.push(...model.resources);
    notAnalysed.push(
      ...model.notAnalysed.map((entry): NotAnalysed => ({
        ...entry,
        what: entry.what.endsWith(named(file)) ? entry.what.slice(0, -named(file).length) + shown(file) : entry.what,
        ...(isBroken || (isUnread && !isManifest && !isFilledInLater(source)) ? { extent: 'whole' } : {}),
      })),
    );
    if (isManifest ? model.resources.length === 0 : isUnread) continue;
    read.push({ file: shown(file), by: 'policy' });
    if (isManifest) manifests += 1;
  }

  const evaluation = evaluate({ resources, notAnalysed }, settings);
  const move = (file: string) => shown(full.get(file) ?? file);
  return {
    findings: movePlaces(evaluation.findings, move),
    undecided: movePlaces(evaluation.undecided, move),
    notAnalysed: movePlaces(notAnalysed, move),
    resources: movePlaces(resources, move),
    read,
    manifests,
    otherFiles: read.length - manifests,
  };
}

const isSyntax = ({ because }: NotAnalysed): boolean => because.startsWith('it is not valid YAML');

function textOf(file: string): string | (Pick<NotAnalysed, 'because'> & { readonly extent: 'whole' | 'part' }) {
  try {
    const { size } = statSync(file);
    const isYaml = /\.ya?ml$/.test(file);
    if (!isYaml && size > mostBytes) return { because: `it is larger than ${mostBytes / 1e6} MB`, extent: 'part' };
    return readFileSync(file, 'utf8');
  } catch (error) {
    return { because: `it cannot be read (${codeOf(error)})`, extent: 'whole' };
  }
}

/** A parser that walks a text by calling itself gives up on one that is nested without end. */
function modelOf(reader: TextReader, source: string, file: string): Model | string {
  try {
    return reader(source, { file });
  } catch (error) {
    if (error instanceof RangeError) return 'it is nested too deeply to be read';
    throw error;
  }
}
