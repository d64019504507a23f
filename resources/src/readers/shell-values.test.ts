import { describe, expect, it } from 'vitest';
import { fallbackOf, textOfShell } from './shell-values.js';

describe('what a text falls back to', () => {
  it.each([
    { written: '${A:-b}', text: 'b', variables: [{ name: 'A', text: 'b' }] },
    { written: '${A-b}', text: 'b', variables: [{ name: 'A', text: 'b' }] },
    { written: '${A:=b}', text: 'b', variables: [{ name: 'A', text: 'b' }] },
    { written: '${A=b}', text: 'b', variables: [{ name: 'A', text: 'b' }] },
    { written: '${A:-"b c"}', text: 'b c', variables: [{ name: 'A', text: 'b c' }] },
    { written: '${A:-}', text: '', variables: [{ name: 'A', text: '' }] },
    {
      written: '${A:-${B:-c}}',
      text: 'c',
      variables: [
        { name: 'B', text: 'c' },
        { name: 'A', text: 'c' },
      ],
    },
    { written: 'x${A:-b}/${C}', text: 'xb/${C}', variables: [{ name: 'A', text: 'b' }] },
    { written: '${A:-b{c}', text: 'b{c', variables: [{ name: 'A', text: 'b{c' }] },
  ])('$written: $text', ({ written, text, variables }) => {
    expect(fallbackOf(written)).toEqual({ text, variables });
  });

  it.each([
    '',
    'a',
    '$A',
    '${A}',
    '${A:?say why}',
    '${A?}',
    '${A:+b}',
    '${A:-${B}}',
    '$${A:-b}',
    '${{ a }}',
    '${A:-b',
    '${1:-b}',
  ])('is nothing for %s', (written) => {
    expect(fallbackOf(written)).toBeUndefined();
  });

  it('comes with the variable, and not where nothing is expanded', () => {
    const place = { file: '.env', line: 1 };
    expect(textOfShell('${A:-${B:-c}}', { expands: true, place })).toMatchObject({
      kind: 'unknown',
      provenance: { name: 'A' },
      fallback: { text: 'c' },
    });
    expect(textOfShell('a ${A:-b}', { expands: true, place })).toMatchObject({
      kind: 'known',
      fallback: { text: 'a b' },
    });
    expect(textOfShell('${A:-b}', { expands: false, place })).toEqual({
      kind: 'known',
      value: '${A:-b}',
      secret: false,
      provenance: { kind: 'literal' },
      place,
    });
  });

  it('is found in time, however many there are', () => {
    const started = performance.now();
    fallbackOf('${A:-'.repeat(20_000));
    fallbackOf('${A:-b}'.repeat(20_000));
    fallbackOf(`${'${A:-'.repeat(5_000)}b${'}'.repeat(5_000)}`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
