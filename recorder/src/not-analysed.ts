import type { NotAnalysed } from '@keyturn/resources';

import { placeInStack, placeOf } from './places.js';
import type { Report } from './preload/messages.cjs';
import type { RunOutput } from './run.js';

type Named = (text: string) => string;

/** What a run says nothing about, or less than it seems. */
export function notAnalysed(output: RunOutput, directory: string, named: Named): readonly NotAnalysed[] {
  return [
    ...standIns(output.reports, directory, named),
    ...missingProperties(output.reports, directory, named),
    ...remoteComponents(output, directory, named),
    ...unreachedCallbacks(output.reports, directory),
  ];
}

const because = {
  module: 'it is not there, so what the program makes with it is not known',
  member: 'the package that is installed has no such member, so what the program makes with it was guessed',
  file: 'it is not there, so its content is not known',
  command: 'it did not run, so what it prints is not known',
  network: 'programs are recorded without a network, so the answer is not known',
} as const;

/** Once for each thing that was made up, where the program first asked for it. */
function standIns(reports: readonly Report[], directory: string, named: Named): readonly NotAnalysed[] {
  const found = new Map<string, NotAnalysed>();
  for (const report of reports) {
    if (report.type !== 'stand-in') continue;
    const { kind, name, at } = report;
    const key = `${kind} ${name}`;
    if (found.has(key)) continue;
    const place = placeInStack(at, directory);
    found.set(key, {
      what: kind === 'network' ? `the answer of ${named(name)}` : `the ${kind} ${named(name)}`,
      because: because[kind],
      ...(place && { place }),
      ...((kind === 'module' || kind === 'member') && { extent: 'whole' as const }),
    });
  }
  return [...found.values()];
}

function missingProperties(reports: readonly Report[], directory: string, named: Named): readonly NotAnalysed[] {
  return reports.flatMap((report) => {
    if (report.type !== 'missing-property') return [];
    const place = placeInStack(report.at, directory);
    return {
      what: `the property ${report.property} of ${named(report.resource)}`,
      because: 'the SDK that is installed requires it and the program does not give it: a deployment would end there',
      ...(place && { place }),
    };
  });
}

function remoteComponents(output: RunOutput, directory: string, named: Named): readonly NotAnalysed[] {
  return output.registrations
    .filter(({ remote }) => remote)
    .map(({ type, name, frames }) => {
      const place = placeOf(frames, directory);
      return {
        what: `${type} ${named(name)}`,
        because: 'it is a component of a provider: its children are made by a plugin, which was not run',
        ...(place && { place }),
      };
    });
}

function unreachedCallbacks(reports: readonly Report[], directory: string): readonly NotAnalysed[] {
  const unreached = reports.filter((report) => report.type === 'apply-unreached');
  const makers = unreached.filter(({ makesResources }) => makesResources);
  const found = makers.map(({ at }): NotAnalysed => {
    const place = placeInStack(at, directory);
    return {
      what: 'resources made in an apply callback',
      because: 'the callback waits for a value that is only known during the deployment',
      ...(place && { place }),
    };
  });
  const others = unreached.length - makers.length;
  if (others === 0) return found;
  return [
    ...found,
    {
      what: others === 1 ? '1 apply callback' : `${others} apply callbacks`,
      because: 'they wait for values that are only known during the deployment; what they return is unknown',
    },
  ];
}
