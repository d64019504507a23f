import { type FailureCause, failureCauses } from '@keyturn/plan';

import { causeOf } from './cause.js';
import type { Mark, PhaseRecord } from './phase.js';
import { type Causes, countCauses } from './summary.js';

/** What happened in one slice of a phase, as rates per second. */
export interface Slice {
  /** Start, in seconds after the start of the load. */
  readonly second: number;
  readonly succeeded: number;
  readonly failed: Causes;
}

/** Sessions per user at a moment, in seconds after the start of the load. */
export interface SessionPoint {
  readonly second: number;
  readonly sessions: Readonly<Record<string, number>>;
}

/** A mark, and in which row its label stands so that labels do not cover one another. */
export interface PlacedMark {
  readonly second: number;
  readonly label: string;
  readonly row: number;
  /** On which side of the mark the label stands. */
  readonly side: 'right' | 'left';
}

/** A phase as series that can be drawn. */
export interface Series {
  readonly seconds: number;
  readonly sliceSeconds: number;
  readonly slices: readonly Slice[];
  readonly users: readonly string[];
  readonly sessions: readonly SessionPoint[];
  readonly marks: readonly Mark[];
  readonly startedAt: number;
}

/** The causes that occurred, in the order in which they are defined. */
export function causesThatOccurred(causes: Causes): readonly FailureCause[] {
  return failureCauses.filter((cause) => causes[cause] > 0);
}

/** Queries count in the slice in which they ended. */
export function seriesOf(record: PhaseRecord, sliceSeconds = 0.5): Series {
  const seconds = (record.endedAt - record.startedAt) / 1_000;
  const count = Math.max(1, Math.ceil(seconds / sliceSeconds));
  const none = countCauses([], record);
  const slices = Array.from({ length: count }, (_, index) => ({
    second: index * sliceSeconds,
    succeeded: 0,
    failed: { ...none } as Record<FailureCause, number>,
  }));
  for (const query of record.queries) {
    const slice = slices[Math.floor((query.endedAt - record.startedAt) / 1_000 / sliceSeconds)];
    if (!slice) continue;
    if (query.failed === undefined) slice.succeeded += 1 / sliceSeconds;
    else slice.failed[causeOf(query, record.evidence)] += 1 / sliceSeconds;
  }
  const samples = record.sessions.filter((sample) => sample.at >= record.startedAt);
  return {
    seconds,
    sliceSeconds,
    slices,
    users: [...new Set(samples.flatMap((sample) => Object.keys(sample.sessions)))].sort(),
    sessions: samples.map(({ at, sessions }) => ({ second: (at - record.startedAt) / 1_000, sessions })),
    marks: record.marks,
    startedAt: record.startedAt,
  };
}

/**
 * Gives each mark the first row in which its label fits.
 *
 * @param widthOf width of a label, in seconds of the time axis
 */
export function placeMarks(series: Series, widthOf: (label: string) => number): readonly PlacedMark[] {
  const ends: number[] = [];
  return series.marks.map(({ at, label }) => {
    const second = (at - series.startedAt) / 1_000;
    const side = second + widthOf(label) > series.seconds ? 'left' : 'right';
    const start = side === 'left' ? second - widthOf(label) : second;
    const free = ends.findIndex((end) => end <= start);
    const row = free === -1 ? ends.length : free;
    ends[row] = start + widthOf(label);
    return { second, label, row, side };
  });
}
