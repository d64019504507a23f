import { describe, expect, it } from 'vitest';

import { finding } from '../formats/testing.js';
import { applyExceptions, type Exceptions } from './apply.js';
import { isDay, parseDirective, readDirectives } from './directive.js';

const at = (line: number, file = 'a.ts') => ({ ...finding, rule: 'rule-a', place: { file, line } });
const settings: Exceptions = {
  directives: [],
  today: '2027-01-31',
  knows: (rule) => (rule.startsWith('rule-') ? true : `There is no rule "${rule}".`),
  levelOf: () => 'warn',
};
const directive = 'keyturn-ignore-next-line';

describe('readDirectives', () => {
  it.each([
    ['a.ts', `// ${directive} rule-a -- old\nx();`, [[1, 2]]],
    ['a.ts', `\n  /* ${directive} rule-a -- old */\n\n// more\nx();`, [[2, 5]]],
    ['a.tsx', `<A>\n{/* ${directive} rule-a -- old */}\n<B c="" />\n</A>`, [[2, 3]]],
    ['a.ts', `const a = '// ${directive} rule-a -- old';`, []],
    ['a.ts', `const a = \`\n// ${directive} rule-a -- old\n\`;`, []],
    ['a.yaml', `  # ${directive} rule-a -- old\n  # more\n\n  b: c`, [[1, 4]]],
    ['.env', `# ${directive} rule-a -- old\r\nA=b\r\n`, [[1, 2]]],
    ['a.sh', `x # ${directive} rule-a -- old`, []],
    [
      'a.ts',
      `// ${directive} rule-a -- old\n// ${directive} rule-b -- old\nx();`,
      [
        [1, 3],
        [2, 3],
      ],
    ],
  ])('speaks about the next line of code (%s: %s)', (file, source, lines) => {
    expect(readDirectives(file, source).map(({ place, target }) => [place.line, target])).toEqual(lines);
  });

  it.each([
    [' rule-a -- moves in May', { rules: ['rule-a'], reason: 'moves in May' }],
    [
      ' keyturn/rule-a, rule-b -- x -- y (until 2027-01-31)',
      { rules: ['rule-a', 'rule-b'], reason: 'x -- y', until: '2027-01-31' },
    ],
    [' rule-a', { rules: ['rule-a'], problem: expect.stringMatching(/^It gives no reason\./) as string }],
    [
      ' rule-a -- (until 2027-01-31)',
      { rules: ['rule-a'], until: '2027-01-31', problem: expect.stringMatching(/^It gives no reason\./) as string },
    ],
    [' -- why', { rules: [], reason: 'why', problem: expect.stringMatching(/^It names no rule\./) as string }],
    [
      ' rule-a -- x (until May)',
      {
        rules: ['rule-a'],
        reason: 'x',
        until: 'May',
        problem: expect.stringMatching(/^Its date is not a day/) as string,
      },
    ],
  ])('takes "%s" apart', (text, parts) => {
    expect(parseDirective(text)).toEqual(parts);
  });

  it.each([
    ['2028-02-29', true],
    ['2027-02-29', false],
    ['2027-2-1', false],
    ['2027-13-01', false],
  ])('%s is a day: %s', (text, is) => {
    expect(isDay(text)).toBe(is);
  });
});

describe('applyExceptions', () => {
  const read = (comment: string) => readDirectives('a.ts', `// ${directive} ${comment}\nx();`);
  const apply = (comment: string, changes: Partial<Exceptions> = {}) => {
    const { findings, suppressed } = applyExceptions([at(2), at(3)], {
      ...settings,
      directives: read(comment),
      ...changes,
    });
    return {
      findings: findings.map(({ rule, place, message }) => [rule, place.line, message.split('.')[0]]),
      suppressed,
    };
  };

  it('covers the line below and no other', () => {
    const { findings, suppressed } = apply('rule-a -- moves in May');
    expect(findings).toEqual([['rule-a', 3, expect.any(String)]]);
    expect(suppressed).toEqual([{ finding: at(2), by: 'comment', reason: 'moves in May' }]);
  });

  it.each([
    { until: '2027-01-31', covered: 1, rules: ['rule-a'] },
    { until: '2027-01-30', covered: 0, rules: ['rule-a', 'rule-a', 'exception-expired'] },
  ])('holds through its last day: until $until', ({ until, covered, rules }) => {
    const { findings, suppressed } = apply(`rule-a -- moves (until ${until})`);
    expect(suppressed).toHaveLength(covered);
    expect(findings.map(([rule]) => rule)).toEqual(rules);
  });

  it('covers nothing without a reason, and says so', () => {
    const { findings, suppressed } = apply('rule-a');
    expect(suppressed).toEqual([]);
    expect(findings.at(-1)).toEqual(['exception-malformed', 1, 'This exception is not honoured']);
  });

  it('says that an exception covers nothing, but not when its rule did not run there', () => {
    expect(apply('rule-b -- why').findings.at(-1)).toEqual([
      'exception-unused',
      1,
      'This exception from `rule-b` covers nothing',
    ]);
    expect(apply('rule-b -- why', { ran: () => false }).findings).toHaveLength(2);
  });

  it('says that a rule does not exist', () => {
    expect(apply('other -- why').findings.at(-1)).toEqual(['exception-malformed', 1, 'There is no rule "other"']);
  });

  it('covers a finding inside a resource from above the resource', () => {
    const { suppressed } = applyExceptions([at(9)], {
      ...settings,
      directives: read('rule-a -- why'),
      placesOf: ({ place }) => [place, { file: 'a.ts', line: 2 }],
    });
    expect(suppressed).toHaveLength(1);
  });

  it('honours the configuration, and reports what it does not need', () => {
    const configured = [
      {
        rule: 'rule-a',
        reason: 'x',
        place: { file: 'k.json', line: 3 },
        subject: '1',
        covers: ({ place }: { place: { line: number } }) => place.line === 2,
      },
      { rule: 'rule-a', reason: 'x', place: { file: 'k.json', line: 4 }, subject: '2', covers: () => false },
    ];
    const { findings, suppressed } = applyExceptions([at(2)], { ...settings, configured });
    expect(suppressed).toMatchObject([{ by: 'config', reason: 'x' }]);
    expect(findings).toMatchObject([{ rule: 'exception-unused', place: { file: 'k.json', line: 4 } }]);
  });
});
