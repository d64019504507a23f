import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import addFormats from 'ajv-formats';
import AjvDraft04 from 'ajv-draft-04';
import type { Log, Result } from 'sarif';
import { describe, expect, it } from 'vitest';

import { formatSarif } from './sarif.js';
import { cleanReport, finding, reportWith, rule } from './testing.js';

const context = { version: '1.2.3', rules: [rule] };
const schemaFile = path.resolve(import.meta.dirname, '../../../../shared/schemas/sarif-2.1.0.json');

function parse(report = reportWith(), prefix?: string) {
  const log = JSON.parse(formatSarif(report, { ...context, ...(prefix === undefined ? {} : { prefix }) })) as Log;
  const [run] = log.runs;
  if (!run) throw new Error('there is no run');
  return { log, run, results: run.results ?? [] };
}

const uriOf = (result: Result | undefined) => result?.locations?.[0]?.physicalLocation?.artifactLocation;

describe('formatSarif', () => {
  it.skipIf(!existsSync(schemaFile))(
    'is valid against the schema of OASIS (NOT RUN where ../shared/schemas is absent)',
    () => {
      const ajv = new AjvDraft04.default({ strict: false, allErrors: true });
      addFormats.default(ajv);
      const validate = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);
      const wrong = { version: '2.1.0', runs: [{ tool: { driver: {} }, results: [{ message: 'x' }] }] };
      expect(validate(wrong)).toBe(false);

      const outside = { ...finding, place: { file: '../../out side/ü.ts', line: 1 } };
      const absolute = { ...finding, place: { file: '/srv/a b.ts', line: 1 } };
      const unlisted = { ...finding, rule: 'other-rule' };
      for (const report of [reportWith(), cleanReport, reportWith({ findings: [outside, absolute, unlisted] })]) {
        expect(validate(parse(report, 'infra').log), JSON.stringify(validate.errors)).toBe(true);
      }
    },
  );

  it('gives every result a place from the root of the repository, a rule and a fingerprint', () => {
    const { results, run } = parse(reportWith(), 'services/shop');
    expect(results).toHaveLength(2);
    for (const result of results) {
      expect(uriOf(result)).toEqual({ uri: 'services/shop/infra/index.ts', uriBaseId: 'SRCROOT' });
      expect(run.tool.driver.rules?.[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
      expect(result.partialFingerprints?.['keyturn/v1']).toBeTruthy();
    }
    expect(results[0]?.locations?.[0]?.physicalLocation?.region).toEqual({
      startLine: 2,
      startColumn: 7,
      endLine: 2,
      endColumn: 15,
    });
    expect(results[0]?.relatedLocations).toMatchObject([
      {
        id: 1,
        message: { text: 'The deployment shop reads it.' },
        physicalLocation: { artifactLocation: { uri: 'services/shop/infra/app.ts' } },
      },
    ]);
  });

  it.each([
    { file: '../app/x.ts', prefix: 'infra', artifact: { uri: 'app/x.ts', uriBaseId: 'SRCROOT' } },
    { file: 'a b/ü#.ts', prefix: '', artifact: { uri: 'a%20b/%C3%BC%23.ts', uriBaseId: 'SRCROOT' } },
    { file: '/srv/x.ts', prefix: 'infra', artifact: { uri: 'file:///srv/x.ts' } },
  ])('writes $file as a URI', ({ file, prefix, artifact }) => {
    const { results } = parse(reportWith({ findings: [{ ...finding, place: { file, line: 1 } }] }), prefix);
    expect(uriOf(results[0])).toEqual(artifact);
  });

  it('marks a finding under an exception as suppressed, with the reason, and others as not', () => {
    const { results } = parse();
    expect(results.map(({ suppressions }) => suppressions)).toEqual([
      [],
      [{ kind: 'inSource', status: 'accepted', justification: 'moves in May (until 2027-05-31)' }],
    ]);
  });

  it('carries severity as a number for GitHub, and lists a rule that reported without facts', () => {
    const { run, results } = parse(reportWith({ findings: [{ ...finding, rule: 'other-rule' }] }));
    expect(run.tool.driver.rules?.map(({ id, properties }) => [id, properties?.['security-severity']])).toEqual([
      ['no-hardcoded-password', '9.5'],
      ['other-rule', undefined],
    ]);
    expect(results[0]?.ruleIndex).toBe(1);
  });

  it('is no successful run when an input could not be analysed', () => {
    const failed = reportWith({ notAnalysed: [{ what: 'infra', because: 'it failed', extent: 'whole' }] });
    expect(parse(cleanReport).run.invocations?.[0]?.executionSuccessful).toBe(true);
    expect(parse().run.invocations?.[0]?.executionSuccessful).toBe(true);
    expect(parse(failed).run.invocations?.[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [
        { level: 'error', message: { text: 'Not analysed: infra: it failed' } },
        { level: 'note', message: { text: 'Not decided: require-rotation-schedule: the schedule is not known yet' } },
      ],
    });
  });

  it('stays below the 25,000 results that GitHub takes, and says what it left out', () => {
    const { results, run } = parse(
      reportWith({ findings: Array.from({ length: 25_001 }, () => finding), suppressed: [] }),
    );
    expect(results).toHaveLength(25_000);
    expect(run.invocations?.[0]?.toolExecutionNotifications?.at(-1)?.message.text).toMatch(/^1 results are left out/);
  });
});
