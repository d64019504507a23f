import { describe, expect, it } from 'vitest';

import { at, query, record } from '../testing/record.js';
import { rehearsalJunit, rehearsalPage } from './page.js';
import { verdictOf } from './verdict.js';

const away = { failed: 'HTTP 500' };

describe('the report of a rehearsal', () => {
  it('counts what the verdict and JUnit count: nothing of the time in which the database was restarted', () => {
    const recorded = record({
      queries: [query(0, 5), query(1_000, 5, away), query(1_100, 5, away), query(3_000, 5, away), query(4_000, 5)],
      excused: [{ from: at(900), to: at(2_000) }],
    });
    const verdict = verdictOf(recorded, [{ rotation: 1, held: [] }], { maxFailed: 0, maxDrainMs: 1_000 });
    expect(verdict).toMatchObject({ failed: 1, excused: 2, causes: { unknown: 1 }, passed: false });

    const page = rehearsalPage({ record: recorded, verdict }, 'npm start').replaceAll(/<[^>]+>/g, '|');
    expect(page).toContain('1 of 5 requests failed in 1 rotation.');
    expect(page).toMatch(
      new RegExp(
        `\\|rehearsal\\|+1\\|+5\\|+1\\|.*\\|${verdict.longestGapMs} ms\\|`.replace('rehearsal', recorded.name),
      ),
    );
    expect(page).toMatch(/\|unknown\|+1\|/);
    expect(page).toContain('2 requests failed while the database was restarted on request');

    const junit = rehearsalJunit(verdict);
    expect(junit).toContain(`tests="${verdict.checks.length}" failures="1"`);
    expect(junit).toContain('<failure message="1, allowed: at most 0"');
    expect(junit).toContain('unknown: 1');
  });
});
