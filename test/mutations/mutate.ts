import fc from 'fast-check';

const odd = [
  ...[
    '',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ':',
    '- ',
    '? ',
    '|',
    '>',
    '"',
    "'",
    '`',
    '&a ',
    '*a',
    '<<: *a',
    '!!binary ',
    '!!map',
  ],
  ...[
    '#',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\t',
    '\u0000',
    '\ud800',
    '\ufeff',
    '\r\n',
    '${',
    '${{ x }}',
    '{{ .Values.x }}',
  ],
  ...[
    'null',
    '~',
    'true',
    '-1',
    '1e999',
    '.nan',
    '0x1F',
    '2026-11-26',
    '__proto__',
    'constructor',
    'toString',
    'undefined',
  ],
  ...[
    'throw 1;',
    'process.exit(0);',
    'for (;;) break;',
    'await null;',
    'export default ',
    'new Proxy({}, {})',
    '/*',
    '//',
    '=>',
  ],
  ...['Symbol()', '() => {}', 'Promise.reject(3)', 'x'.repeat(5_000), '[['.repeat(200), '\n'.repeat(50)],
];

type Step = (text: string) => string;

const place = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...odd)).map(
    ([at, piece]): Step =>
      (text) =>
        cut(text, at, 0, piece),
  ),
  fc.tuple(place, fc.nat(40), fc.constantFrom(...odd)).map(
    ([at, length, piece]): Step =>
      (text) =>
        cut(text, at, length, piece),
  ),
  fc.tuple(place, fc.nat(200)).map(
    ([at, length]): Step =>
      (text) =>
        cut(text, at, length, ''),
  ),
  fc.tuple(place, fc.nat(200), place).map(([from, length, to]): Step => (text) => {
    const start = Math.floor(from * text.length);
    return cut(text, to, 0, text.slice(start, start + length));
  }),
  fc.tuple(place, place).map(
    ([one, other]): Step =>
      (text) =>
        swapLines(text, one, other),
  ),
  place.map(
    (at): Step =>
      (text) =>
        text.slice(0, Math.floor(at * text.length)),
  ),
  fc.tuple(place, fc.string({ unit: 'binary', maxLength: 8 })).map(
    ([at, piece]): Step =>
      (text) =>
        cut(text, at, 0, piece),
  ),
);

function cut(text: string, at: number, length: number, piece: string): string {
  const start = Math.floor(at * text.length);
  return text.slice(0, start) + piece + text.slice(start + length);
}

function swapLines(text: string, one: number, other: number): string {
  const lines = text.split('\n');
  const [a, b] = [Math.floor(one * lines.length), Math.floor(other * lines.length)];
  [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  return lines.join('\n');
}

/** A text that was changed in one to five places. */
export function mutated(seeds: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(step, { minLength: 1, maxLength: 5 }))
    .map(([seed, steps]) => steps.reduce((text, change) => change(text), seed));
}
