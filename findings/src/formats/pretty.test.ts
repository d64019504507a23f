import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';

import { formatPretty } from './pretty.js';
import { cleanReport, finding, reportWith, rule } from './testing.js';

const source = "import pg from 'pg';\nconst password = 'hunter2-canary';\nexport { password };\n";
const context = {
  version: '1.2.3',
  rules: [rule],
  source: (file: string) => (file === 'infra/index.ts' ? source : undefined),
};

describe('formatPretty', () => {
  it('shows place, message, frame, chain and page, then what is open, then counts', () => {
    expect(formatPretty(reportWith(), context)).toBe(`infra/index.ts:2:7  critical  no-hardcoded-password
  \`password\` of shop is written out. Take it from a secret store.
    1 | import pg from 'pg';
  > 2 | const password = '•••';
      |       ^^^^^^^^
    3 | export { password };
  ↳ infra/app.ts:9  The deployment shop reads it.
  https://github.com/keyturn/keyturn/blob/main/docs/rules/no-hardcoded-password.md

Covered by an exception (1)
  infra/index.ts:2:7  no-hardcoded-password: moves in May (comment, until 2027-05-31)

Not decided (1)
  urn:pulumi:dev::shop::postgresql:index/role:Role::shop  require-rotation-schedule: the schedule is not known yet

Not analysed (1)
  infra/index.ts:5  the component shop: its code is in another language

1 finding (1 critical).
Looked at 1 program with 3 resources, 0 manifests, 2 source files, 4 rules.
1 not decided, 1 not analysed, 1 finding covered by an exception.
`);
  });

  it('says the same with colours as without', () => {
    const coloured = formatPretty(reportWith(), { ...context, colour: true });
    expect(coloured).toContain('\u001b[31m');
    expect(stripVTControlCharacters(coloured)).toBe(formatPretty(reportWith(), context));
  });

  it.each([
    { name: 'clean', report: cleanReport, says: 'No findings.\n' },
    {
      name: 'nothing read',
      report: { ...cleanReport, looked: { programs: 0, resources: 0, sourceFiles: 0, rules: 4 } },
      says: 'Nothing was read, so nothing can be said.\n',
    },
    {
      name: 'one input failed',
      report: { ...cleanReport, notAnalysed: [{ what: 'infra', because: 'it failed', extent: 'whole' as const }] },
      says: 'No findings, but 1 input could not be analysed.\n',
    },
  ])('tells "no findings" from "not read": $name', ({ report, says }) => {
    expect(formatPretty(report, context)).toContain(says);
  });

  it('draws no frame for a line that the file does not have', () => {
    const place = { file: 'infra/index.ts', line: 99 };
    expect(formatPretty(reportWith({ findings: [{ ...finding, place }] }), context)).not.toContain(' | ');
  });

  it('lets no name drive the terminal', () => {
    const report = reportWith({
      findings: [{ ...finding, message: 'a\u001b[2Jb\u202ec', place: { file: 'x\u001b]0;y\u0007.ts', line: 1 } }],
      notAnalysed: [{ what: 'p\rq', because: '\u009b1A' }],
    });
    const text = formatPretty(report, context);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('a\\x1b[2Jb\\u202ec');
  });
});
