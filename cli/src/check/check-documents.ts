import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { NotAnalysed } from '@keyturn/findings';
import { evaluate, type EvaluateOptions } from '@keyturn/policies';
import { fromPreviewJson, fromStackExport, PulumiStateError, readPulumiYaml, type Model } from '@keyturn/resources';

import { codeOf } from '../config/config.js';
import { movePlaces, type Part } from './part.js';

export interface DocumentOptions {
  readonly cwd: string;
  readonly evaluate: EvaluateOptions;
  /** How the file is named in URNs, which fingerprints are made from. */
  readonly named: (file: string) => string;
  readonly shown: (file: string) => string;
}

/** Pulumi YAML programs: nothing is run, so there is nothing to wait for. */
export function checkYamlPrograms(files: readonly string[], options: DocumentOptions): Part[] {
  return files.map((file) =>
    checkDocument(file, options, {
      read: (source) => readPulumiYaml(source, { file: options.named(file) }),
      move: () => file,
    }),
  );
}

/** What `pulumi preview --json` and `pulumi stack export` print. Their places are in the program, where it is at hand. */
export function checkStates(files: readonly string[], options: DocumentOptions): Part[] {
  return files.map((file) =>
    checkDocument(file, options, {
      read: readState,
      move: (place) =>
        [options.cwd, path.dirname(file)]
          .map((folder) => path.resolve(folder, place))
          .find((full) => existsSync(full)) ?? file,
    }),
  );
}

interface Reader {
  readonly read: (source: string) => Model;
  /** Full path of the file that a place names. */
  readonly move: (place: string) => string;
}

function checkDocument(file: string, { evaluate: settings, shown }: DocumentOptions, reader: Reader): Part {
  const whole = (because: string): Part => ({
    findings: [],
    undecided: [],
    notAnalysed: [{ what: shown(file), because, place: { file: shown(file), line: 1 }, extent: 'whole' }],
    resources: [],
    read: [],
  });
  let model: Model;
  try {
    model = reader.read(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof PulumiStateError) return whole(error.message);
    if (error instanceof RangeError) return whole('it is nested too deeply to be read');
    return whole(`it cannot be read (${codeOf(error)})`);
  }
  const evaluation = evaluate(model, { ...settings, fallbackPlace: { file, line: 1 } });
  const move = (place: string) => shown(path.isAbsolute(place) ? place : reader.move(place));
  const nothing = model.resources.length === 0 && model.notAnalysed.length > 0;
  return {
    findings: movePlaces(evaluation.findings, move),
    undecided: movePlaces(evaluation.undecided, move),
    notAnalysed: movePlaces(
      model.notAnalysed.map((entry): NotAnalysed => (nothing ? { ...entry, extent: 'whole' } : entry)),
      move,
    ),
    resources: movePlaces(model.resources, move),
    read: nothing ? [] : [{ file: shown(file), by: 'policy' }],
    manifests: 1,
  };
}

/** A preview has steps, an export a deployment. */
function readState(source: string): Model {
  let keys: readonly string[] = [];
  try {
    const data: unknown = JSON.parse(source);
    keys = typeof data === 'object' && data !== null ? Object.keys(data) : [];
  } catch {
    throw new PulumiStateError('it is not valid JSON; it may have been cut off. Write it again');
  }
  if (!['steps', 'deployment', 'changeSummary'].some((key) => keys.includes(key))) {
    throw new PulumiStateError('it is neither the output of `pulumi preview --json` nor of `pulumi stack export`');
  }
  return keys.includes('deployment') ? fromStackExport(source) : fromPreviewJson(source);
}
