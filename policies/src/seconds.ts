import type { Value } from '@keyturn/resources';

/** The seconds of a duration as Google writes it: `7776000s`. */
export function secondsIn(value: Value): number | undefined {
  if (value.kind !== 'known') return undefined;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(value.value))?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
