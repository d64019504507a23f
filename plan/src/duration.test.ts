import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DurationError, formatDuration, milliseconds } from './duration.js';

describe('milliseconds', () => {
  it.each([
    { name: 'a number is milliseconds', given: 250, ms: 250 },
    { name: 'milliseconds', given: '250ms', ms: 250 },
    { name: 'seconds with a fraction', given: '1.5s', ms: 1_500 },
    { name: 'words with a space', given: '90 days', ms: 7_776_000_000 },
    { name: 'zero', given: '0s', ms: 0 },
  ])('$name', ({ given, ms }) => {
    expect(milliseconds(given as string)).toBe(ms);
  });

  it.each([
    {
      name: 'an unknown unit',
      given: '3 fortnights',
      says: 'Cannot read "3 fortnights" as a duration. Write a number and a unit (ms, s, m, h, d), for example "15m" or "90 days".',
    },
    { name: 'a name that every object has', given: '3 constructor', says: /Cannot read "3 constructor"/ },
    {
      name: 'a negative number',
      given: -1,
      says: 'A duration must be zero or more, got -1. Write for example "15m" or "90 days".',
    },
    { name: 'not a number', given: Number.NaN, says: /got NaN/ },
  ])('refuses $name', ({ given, says }) => {
    expect(() => milliseconds(given as string)).toThrow(says);
    expect(() => milliseconds(given as string)).toThrow(DurationError);
  });
});

describe('formatDuration', () => {
  it.each([
    { ms: 0, text: '0ms' },
    { ms: 999, text: '999ms' },
    { ms: 1_000, text: '1s' },
    { ms: 5_400_000, text: '1h 30m' },
    { ms: 90 * 86_400_000, text: '90d' },
    { ms: 15_330_000, text: '4h 15m 30s' },
    { ms: 15_331_000, text: '4h 15m 31s' },
  ])('$ms is $text', ({ ms, text }) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
        const ms = milliseconds(`${count}${unit}`);
        const parts = formatDuration(ms).split(' ');
        const read = parts.reduce((sum, part) => sum + milliseconds(part), 0);
        expect(read).toBe(ms);
      }),
    );
  });
});
