import { availableParallelism } from 'node:os';
import path from 'node:path';

import { printable, type NotAnalysed } from '@keyturn/findings';
import { evaluate, type EvaluateOptions } from '@keyturn/policies';
import { recordProgram, type Recording } from '@keyturn/recorder';
import pMap from 'p-map';

import { checkPacks, type PackPart } from './check-packs.js';
import { movePlaces, type Part } from './part.js';

export interface ProgramOptions {
  readonly evaluate: EvaluateOptions;
  readonly shown: (file: string) => string;
  readonly stack?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Full paths of other policy packs to run over each recording. */
  readonly packs?: readonly string[];
  readonly onDone?: (directory: string) => void;
}

/** Records each program and evaluates every policy on it. A program that did not end well is never clean. */
export function checkPrograms(directories: readonly string[], options: ProgramOptions): Promise<Part[]> {
  return pMap(
    directories,
    async (directory) => {
      const recording = await recordProgram({
        directory,
        ...(options.stack === undefined ? {} : { stack: options.stack }),
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const { packs = [], shown, timeoutMs, signal } = options;
      const limits = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
      const others = await checkPacks(recording, { packs, shown, ...limits });
      options.onDone?.(directory);
      return partOf(directory, recording, others, options);
    },
    { concurrency: availableParallelism() },
  );
}

function partOf(
  directory: string,
  recording: Recording,
  others: PackPart,
  { evaluate: settings, shown }: ProgramOptions,
): Part {
  const move = (file: string) => shown(path.resolve(directory, file));
  const evaluation = evaluate(recording, settings);
  const complete = recording.ended === 'complete';
  const failed: NotAnalysed = {
    what: `the program in ${printable(shown(directory))}`,
    because: recording.reason ?? `it ended with "${recording.ended}"`,
    place: recording.place ?? { file: 'Pulumi.yaml', line: 1 },
    extent: 'whole',
  };
  return {
    findings: movePlaces([...evaluation.findings, ...others.findings], move),
    undecided: movePlaces([...evaluation.undecided, ...others.undecided], move),
    notAnalysed: movePlaces([...(complete ? [] : [failed]), ...recording.notAnalysed, ...others.notAnalysed], move),
    resources: movePlaces(recording.resources, move),
    read: complete ? recording.files.map((file) => ({ file: move(file), by: 'policy' as const })) : [],
    programs: 1,
    network: { guard: recording.networkGuard, refused: recording.refused },
    packRules: others.packRules,
  };
}
