import { readFileSync } from 'node:fs';

import { evaluate, type EvaluateOptions } from '@keyturn/policies';
import { readKubernetesYaml, type NotAnalysed, type Resource } from '@keyturn/resources';

import { codeOf } from '../config/config.js';
import { movePlaces, type Part } from './part.js';

export interface ManifestOptions {
  readonly evaluate: EvaluateOptions;
  /** How the file is named in URNs, which fingerprints are made from. */
  readonly named: (file: string) => string;
  readonly shown: (file: string) => string;
}

const looksLikeManifest = /^\s*(?:- )?apiVersion\s*:/m;

/** Reads all manifests as one model, because a Secret and the Deployment that uses it seldom share a file. */
export function checkManifests(files: readonly string[], { evaluate: settings, named, shown }: ManifestOptions): Part {
  const resources: Resource[] = [];
  const notAnalysed: (NotAnalysed & { extent?: 'whole' | 'part' })[] = [];
  const read: Part['read'][number][] = [];
  const full = new Map(files.map((file) => [named(file), file]));

  for (const file of files) {
    let source: string;
    try {
      source = readFileSync(file, 'utf8');
    } catch (error) {
      notAnalysed.push({ what: shown(file), because: `it cannot be read (${codeOf(error)})`, extent: 'whole' });
      continue;
    }
    if (!looksLikeManifest.test(source)) continue;
    const model = readKubernetesYaml(source, { file: named(file) });
    resources.push(...model.resources);
    notAnalysed.push(...model.notAnalysed);
    if (model.resources.length > 0) read.push({ file: shown(file), by: 'policy' });
  }

  const evaluation = evaluate({ resources, notAnalysed }, settings);
  const move = (file: string) => shown(full.get(file) ?? file);
  return {
    findings: movePlaces(evaluation.findings, move),
    undecided: movePlaces(evaluation.undecided, move),
    notAnalysed: movePlaces(notAnalysed, move),
    resources: movePlaces(resources, move),
    read,
    manifests: read.length,
  };
}
