const units = {
  ms: 1,
  s: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
} as const;

type Unit = keyof typeof units;

/** A length of time: milliseconds as a number, or text such as `'90 days'`, `'15m'`, `'250ms'`. */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`;

/** The value cannot be read as a length of time. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

/**
 * Milliseconds of a duration.
 *
 * @throws DurationError when the text has no known unit, or the number is negative or not finite.
 */
export function milliseconds(duration: Duration | string): number {
  const ms = typeof duration === 'number' ? duration : readText(duration);
  if (!Number.isFinite(ms) || ms < 0) {
    throw new DurationError(
      `A duration must be zero or more, got ${String(duration)}. Write for example "15m" or "90 days".`,
    );
  }
  return ms;
}

function readText(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/.exec(text);
  const unit = match?.[2];
  if (!match || !isUnit(unit)) {
    throw new DurationError(
      `Cannot read "${text}" as a duration. Write a number and a unit (ms, s, m, h, d), for example "15m" or "90 days".`,
    );
  }
  return Number(match[1]) * units[unit];
}

function isUnit(unit: string | undefined): unit is Unit {
  return unit !== undefined && Object.hasOwn(units, unit);
}

/** The text of a length of time, exact to the second: `5400000` is `1h 30m`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const parts: string[] = [];
  let rest = Math.round(ms / 1_000);
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * seconds;
  }
  return parts.join(' ');
}
