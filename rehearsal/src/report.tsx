import { failureCauses } from '@keyturn/plan';
import type { ComponentChildren, JSX } from 'preact';
import { render } from 'preact-render-to-string';

import { seriesOf } from './series.js';
import { type PhaseSummary, summaryOf } from './summary.js';
import { type DrawnPhase, timelineSvg } from './timeline.js';
import { causeMeanings, causeNames } from './words.js';

/** A table of the report. A cell is text; numbers stand on the right. */
export interface ReportTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A part of the report that the caller adds. */
export interface ReportSection {
  readonly heading: string;
  readonly text?: string;
  readonly table?: ReportTable;
}

/** What a report shows. */
export interface ReportOptions {
  readonly title: string;
  /** The outcome in one or two sentences. */
  readonly outcome: string;
  readonly passed: boolean;
  readonly phases: readonly DrawnPhase[];
  /** Numbers of the phases, where they are not all that was recorded. */
  readonly summaries?: readonly PhaseSummary[];
  readonly sections: readonly ReportSection[];
}

/** One HTML page that needs no network: outcome, numbers, timelines, causes, differing settings, and the caller's sections. */
export function reportHtml(options: ReportOptions): string {
  const summaries = options.summaries ?? options.phases.map((phase) => summaryOf(phase.record));
  const page = render(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{options.title}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <main>
          <h1>{options.title}</h1>
          <p class={`outcome ${options.passed ? 'passed' : 'failed'}`}>
            <strong>{options.passed ? 'Passed.' : 'Failed.'}</strong> {options.outcome}
          </p>
          <Section heading="Numbers">
            <Table table={numbersOf(summaries)} />
            <p class="note">
              Latency is that of the queries that succeeded, counted from the moment they were due. The longest gap is
              the longest time that an instance under load went without a success. Time to converge runs from a new
              credential in the source until every instance had read it and no connection with an older one was open.
            </p>
          </Section>
          {options.phases.map((phase, index) => (
            <figure>
              <div dangerouslySetInnerHTML={{ __html: timelineSvg([phase], `timeline-${index}`) }} />
              <figcaption>
                <details>
                  <summary>The same as a table: {phase.heading}</summary>
                  <Table table={perSecond(phase)} />
                </details>
              </figcaption>
            </figure>
          ))}
          <Section heading="Causes of failed queries">
            <Table table={causesOf(summaries)} />
          </Section>
          <Section heading="Pool settings that differ from the driver’s defaults">
            <Settings phases={options.phases} />
          </Section>
          {options.sections.map((section) => (
            <Section heading={section.heading}>
              {section.text === undefined ? null : <p>{section.text}</p>}
              {section.table === undefined ? null : <Table table={section.table} />}
            </Section>
          ))}
        </main>
      </body>
    </html>,
  );
  return `<!doctype html>\n${page}\n`;
}

/** The numbers of phases, as a table. */
export function numbersOf(summaries: readonly PhaseSummary[]): ReportTable {
  return {
    columns: ['phase', 'rotations', 'queries', 'failed', 'p50', 'p99', 'longest gap', 'time to converge'],
    rows: summaries.map((summary) => [
      summary.name,
      summary.rotations,
      summary.queries,
      summary.failed,
      `${summary.p50Ms} ms`,
      `${summary.p99Ms} ms`,
      `${Math.round(summary.longestGapMs)} ms`,
      formatSeconds(summary.convergeMs),
    ]),
  };
}

/** How many queries failed for each cause, as a table with one column per phase. */
export function causesOf(summaries: readonly PhaseSummary[]): ReportTable {
  return {
    columns: ['cause', ...summaries.map((summary) => summary.name), 'how it is told'],
    rows: failureCauses.map((cause) => [
      causeNames[cause],
      ...summaries.map((summary) => summary.causes[cause]),
      causeMeanings[cause],
    ]),
  };
}

function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 1_000 ? 2 : 1)} s`;
}

function perSecond({ record }: DrawnPhase): ReportTable {
  const series = seriesOf(record, 1);
  const rounded = (count: number): number => Math.round(count);
  return {
    columns: ['second', 'succeeded', 'failed', ...series.users.map((user) => `sessions of ${user}`), 'marks'],
    rows: series.slices.map((slice) => {
      const within = (second: number): boolean => second >= slice.second && second < slice.second + 1;
      const sample = series.sessions.findLast((point) => within(point.second));
      return [
        slice.second,
        rounded(slice.succeeded),
        rounded(failureCauses.reduce((sum, cause) => sum + slice.failed[cause], 0)),
        ...series.users.map((user) => sample?.sessions[user] ?? 0),
        series.marks
          .filter((mark) => within((mark.at - series.startedAt) / 1_000))
          .map((mark) => mark.label)
          .join(', '),
      ];
    }),
  };
}

function Settings({ phases }: { phases: readonly DrawnPhase[] }): JSX.Element {
  const rows = phases.flatMap(({ record }) =>
    Object.entries(record.settings).map(([name, { value, byDefault }]) => [record.name, name, value, byDefault]),
  );
  if (rows.length === 0) return <p>None: every pool setting is the driver’s default.</p>;
  return <Table table={{ columns: ['phase', 'setting', 'value', 'driver’s default'], rows }} />;
}

function Section({ heading, children }: { heading: string; children: ComponentChildren }): JSX.Element {
  return (
    <section>
      <h2>{heading}</h2>
      {children}
    </section>
  );
}

function Table({ table }: { table: ReportTable }): JSX.Element {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {table.columns.map((column, index) => (
              <th scope="col" class={numeric(table.rows[0]?.[index]) ? 'number' : undefined}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td class={numeric(cell) ? 'number' : undefined}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A number, or a number and its unit. */
function numeric(cell: string | number | undefined): boolean {
  return typeof cell === 'number' || (cell !== undefined && /^[\d.]+ (ms|s)$/.test(cell));
}

const style = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b2430;--soft:#5c6873;--rule:#dfe4e8;--good:#12715b;--bad:#b3261e}
@media screen and (prefers-color-scheme:dark){:root{--paper:#12161c;--ink:#e6eaee;--soft:#9aa6b1;--rule:#2a323b;--good:#6fd0b5;--bad:#ff8f85}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}
h2{font-size:1.1rem;margin:2.25rem 0 .5rem}
.outcome{border-left:4px solid var(--good);padding:.35rem .9rem;margin:0}
.outcome.failed{border-color:var(--bad)}
.outcome strong{color:var(--good)}
.outcome.failed strong{color:var(--bad)}
.note,figcaption{color:var(--soft);font-size:.87rem}
figure{margin:2rem 0 0}
figure svg{width:100%;height:auto;display:block}
summary{cursor:pointer}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--soft);font-weight:600;white-space:nowrap}
td{overflow-wrap:anywhere}
td:not(:last-child){white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;padding-right:1.5rem}
@media print{
  body{font-size:10pt}
  main{max-width:none;padding:0}
  figure,tr{break-inside:avoid}
  h2{break-after:avoid}
  td:not(:last-child){white-space:normal}
  td:last-child{min-width:18rem}
  td.number{min-width:0}
  details:not([open]){display:none}
}
`;
