import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';

import { formatGithub } from './github.js';
import { formatJson, type JsonReport } from './json.js';
import { formatJunit } from './junit.js';
import { formatMarkdown } from './markdown.js';
import { cleanReport, finding, reportWith, rule } from './testing.js';

const context = { version: '1.2.3', rules: [rule] };

describe('formatJson', () => {
  it('has the documented keys, and lists that are empty rather than missing', () => {
    expect(JSON.parse(formatJson(cleanReport, context))).toEqual({
      schemaVersion: 1,
      tool: { name: 'keyturn', version: '1.2.3' },
      looked: { programs: 1, resources: 3, sourceFiles: 2, manifests: 0, otherFiles: 0, rules: 4 },
      counts: {
        findings: 0,
        bySeverity: { low: 0, medium: 0, high: 0, critical: 0 },
        suppressed: 0,
        undecided: 0,
        notAnalysed: 0,
      },
      findings: [],
      suppressed: [],
      undecided: [],
      notAnalysed: [],
    });
  });

  it('orders findings by place, and names the page of each', () => {
    const earlier = { ...finding, place: { file: 'a.ts', line: 3 } };
    const { findings, counts } = JSON.parse(
      formatJson(reportWith({ findings: [finding, earlier] }), context),
    ) as JsonReport;
    expect(findings.map(({ place }) => place.file)).toEqual(['a.ts', 'infra/index.ts']);
    expect(findings[0]?.page).toMatch(/no-hardcoded-password\.md$/);
    expect(counts.bySeverity.critical).toBe(2);
  });
});

describe('formatGithub', () => {
  it('escapes what would end a property or a line, and writes paths from the root of the repository', () => {
    const odd = { ...finding, message: '50% done\nnext', place: { file: 'a,b:c.ts', line: 4 } };
    expect(formatGithub(reportWith({ findings: [odd], notAnalysed: [] }), { ...context, prefix: 'infra' })).toBe(
      '::error file=infra/a%2Cb%3Ac.ts,line=4,title=keyturn%3A no-hardcoded-password::50%25 done%0Anext\n',
    );
  });

  it('cannot be made to say another command', () => {
    const odd = {
      ...finding,
      message: 'x\r::add-mask::y\u2028::error::z',
      place: { file: 'a\n::error::.ts', line: 4 },
    };
    const text = formatGithub(reportWith({ findings: [odd], notAnalysed: [] }), context);
    expect(text.trimEnd().split(/[\r\n\u2028]/)).toHaveLength(1);
  });

  it.each([
    { count: 10, lines: 10, last: /::`password`/ },
    { count: 11, lines: 10, last: /::2 more of this level/ },
  ])('shows $lines annotations for $count findings of a level', ({ count, lines, last }) => {
    const report = reportWith({ findings: Array.from({ length: count }, () => finding), notAnalysed: [] });
    const shown = formatGithub(report, context).trimEnd().split('\n');
    expect(shown).toHaveLength(lines);
    expect(shown.at(-1)).toMatch(last);
  });

  it('says that an input could not be analysed as an error', () => {
    const report = reportWith({
      findings: [],
      notAnalysed: [{ what: 'infra', because: 'it failed', extent: 'whole' }],
    });
    expect(formatGithub(report, context)).toBe('::error title=keyturn%3A not analysed::infra: it failed\n');
  });
});

describe('formatJunit', () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });

  it('fails findings, skips what is undecided or accepted, and errs on what was not analysed', () => {
    const failed = reportWith({ notAnalysed: [{ what: 'infra', because: 'it failed', extent: 'whole' }] });
    const text = formatJunit(failed, context);
    expect(XMLValidator.validate(text)).toBe(true);
    expect(parser.parse(text)).toMatchObject({
      testsuites: {
        tests: '4',
        failures: '1',
        errors: '1',
        skipped: '2',
        testsuite: {
          testcase: [
            { classname: 'no-hardcoded-password', file: 'infra/index.ts', line: '2' },
            {},
            {},
            { error: { message: 'it failed' } },
          ],
        },
      },
    });
  });

  it('has one passing case when there is nothing to say', () => {
    expect(parser.parse(formatJunit(cleanReport, context))).toMatchObject({
      testsuites: {
        tests: '1',
        failures: '0',
        testsuite: { testcase: { name: '1 programs, 0 manifests, 0 other files, 2 source files' } },
      },
    });
  });

  it('stays XML whatever a name holds', () => {
    const odd = { ...finding, message: ']]> <a b="c"> & \u0000 \u001b \uffff \ud800', urn: '"><x/>' };
    const text = formatJunit(reportWith({ findings: [odd] }), context);
    expect(XMLValidator.validate(text)).toBe(true);
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/);
  });
});

describe('formatMarkdown', () => {
  it('puts the verdict first and folds what is open', () => {
    const text = formatMarkdown(reportWith(), context);
    expect(text).toMatch(/^## keyturn check\n\n\*\*1 finding \(1 critical\)\.\*\*/);
    expect(text).toContain('<summary>Not decided (1)</summary>');
    expect(text).toContain('<summary>Not analysed (1)</summary>');
  });

  it('lets no name become markup', () => {
    const odd = { ...finding, message: '<img src=x> [a](b) | `c` @team ![d](e)' };
    const text = formatMarkdown(reportWith({ findings: [odd] }), context);
    expect(text).not.toMatch(/<img|\]\(b\)|@team|!\[/);
    expect(
      text
        .split('\n')
        .find((line) => line.includes('img'))
        ?.match(/\|/g),
    ).toHaveLength(5);
  });

  it('shows twenty rows and folds the rest', () => {
    const text = formatMarkdown(reportWith({ findings: Array.from({ length: 21 }, () => finding) }), context);
    expect(text).toContain('<summary>More findings (1)</summary>');
  });
});
