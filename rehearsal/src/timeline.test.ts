import { describe, expect, it } from 'vitest';

import { reportHtml } from './report.js';
import { placeMarks, seriesOf } from './series.js';
import { at, query, record } from './testing/record.js';
import { timelineSvg } from './timeline.js';

const drawn = record({
  queries: [query(100, 5), query(200, 5), query(700, 5), query(6_100, 5, { failed: 'HTTP 500' })],
  marks: [
    { at: at(4_900), label: 'ALTER USER' },
    { at: at(5_000), label: 'sed' },
    { at: at(9_900), label: 'instance <4> restarted' },
  ],
  sessions: [
    { at: at(-100), sessions: { early: 1 } },
    { at: at(1_000), sessions: { shop_b: 2 } },
    { at: at(2_000), sessions: { shop_a: 3, shop_b: 1 } },
  ],
});

describe('the series of a phase', () => {
  it('are rates per second in slices of half a second', () => {
    const { slices, seconds } = seriesOf(drawn);
    expect(seconds).toBe(10);
    expect(slices).toHaveLength(20);
    expect(slices.slice(0, 3).map((slice) => slice.succeeded)).toEqual([4, 2, 0]);
    expect(slices[12]?.failed).toMatchObject({ unknown: 2, race: 0 });
  });

  it('leave out what was sampled before the load began', () => {
    expect(seriesOf(drawn).users).toEqual(['shop_a', 'shop_b']);
  });

  it('give labels that would cover one another rows of their own, and turn those at the end around', () => {
    expect(placeMarks(seriesOf(drawn), () => 2)).toEqual([
      { second: 4.9, label: 'ALTER USER', row: 0, side: 'right' },
      { second: 5, label: 'sed', row: 1, side: 'right' },
      { second: 9.9, label: 'instance <4> restarted', row: 0, side: 'left' },
    ]);
  });
});

describe('the timeline', () => {
  const svg = timelineSvg([{ record: drawn, heading: 'Before & after' }]);

  it('says in words what it shows', () => {
    expect(svg).toContain('role="img"');
    expect(svg).toContain(
      '<desc id="timeline-desc">Before &amp; after: 4 queries in 10 s, 1 failed (1 unknown). Marks: ALTER USER at 4.9 s, sed at 5.0 s, instance &lt;4> restarted at 9.9 s.</desc>',
    );
  });

  it('draws one area per database user, and only the causes that occurred', () => {
    expect(svg.match(/<path class="user-\d"/g)).toHaveLength(2);
    expect(svg).toContain('<rect class="unknown"');
    expect(svg).not.toContain('<rect class="race"');
  });

  it('holds no number that is none', () => {
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('the report', () => {
  const html = reportHtml({
    title: 'A rotation',
    outcome: 'One query <failed>.',
    passed: false,
    phases: [{ record: drawn, heading: 'Before' }],
    sections: [{ heading: 'More', table: { columns: ['place', 'times'], rows: [['app.ts:3', 7]] } }],
  });

  it('needs no network', () => {
    expect(html).not.toMatch(/(?:src|href)=|@import|url\(/);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
  });

  it('shows what it was given, escaped', () => {
    expect(html).toContain('<strong>Failed.</strong> One query &lt;failed>.');
    expect(html).toContain('<td>app.ts:3</td><td class="number">7</td>');
    expect(html).toContain('None: every pool setting is the driver’s default.');
  });

  it('lists settings that differ from the defaults', () => {
    const record_ = { ...drawn, settings: { idleTimeoutMillis: { value: '500', byDefault: '10000' } } };
    const page = reportHtml({
      title: '',
      outcome: '',
      passed: true,
      phases: [{ record: record_, heading: '' }],
      sections: [],
    });
    expect(page).toContain('<td>idleTimeoutMillis</td><td>500</td><td>10000</td>');
  });
});
