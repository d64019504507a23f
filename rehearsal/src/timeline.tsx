import { type FailureCause } from '@keyturn/plan';
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { area, curveStepAfter, stack } from 'd3-shape';
import type { JSX } from 'preact';
import { render } from 'preact-render-to-string';

import type { PhaseRecord } from './phase.js';
import { causesThatOccurred, placeMarks, type Series, seriesOf } from './series.js';
import { type PhaseSummary, summaryOf } from './summary.js';
import { causeNames } from './words.js';

/** A phase that is drawn, and what its heading says. */
export interface DrawnPhase {
  readonly record: PhaseRecord;
  readonly heading: string;
}

const width = 960;
const margin = { left: 56, right: 16 };
const heading = 30;
const rowHeight = 15;
const panelGap = 40;
const heights = { queries: 110, failures: 70, sessions: 100 };
const axis = 34;
const labelWidth = 6.1;

type Scale = ScaleLinear<number, number>;

/** The timeline of one or more phases, one under the other, as SVG text that needs nothing else. Follows light and dark. */
export function timelineSvg(phases: readonly DrawnPhase[], id = 'timeline'): string {
  const drawn = phases.map((phase) => ({ ...phase, series: seriesOf(phase.record), summary: summaryOf(phase.record) }));
  const placed = drawn.map((phase) => ({ ...phase, height: heightOf(phase.series) }));
  const total = placed.reduce((sum, phase) => sum + phase.height, 0);
  let top = 0;
  return render(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="timeline"
      viewBox={`0 0 ${width} ${total}`}
      width={width}
      height={total}
      role="img"
      aria-labelledby={`${id}-title ${id}-desc`}
    >
      <title id={`${id}-title`}>{placed.map((phase) => phase.heading).join(' / ')}</title>
      <desc id={`${id}-desc`}>{placed.map(describe).join(' ')}</desc>
      <style>{style}</style>
      <rect class="paper" width={width} height={total} />
      {placed.map((phase) => {
        const at = top;
        top += phase.height;
        return (
          <g transform={`translate(0 ${at})`}>
            <Phase {...phase} />
          </g>
        );
      })}
    </svg>,
  );
}

function describe({ heading: title, summary, series }: DrawnPhase & { summary: PhaseSummary; series: Series }): string {
  const causes = causesThatOccurred(summary.causes).map((cause) => `${summary.causes[cause]} ${causeNames[cause]}`);
  const failed = causes.length === 0 ? 'none failed' : `${summary.failed} failed (${causes.join(', ')})`;
  const marks = series.marks.map((mark) => `${mark.label} at ${((mark.at - series.startedAt) / 1_000).toFixed(1)} s`);
  return `${title}: ${summary.queries} queries in ${Math.round(series.seconds)} s, ${failed}. Marks: ${marks.join(', ')}.`;
}

function marksOf(series: Series): ReturnType<typeof placeMarks> {
  const perPixel = series.seconds / (width - margin.left - margin.right);
  return placeMarks(series, (label) => (label.length * labelWidth + 14) * perPixel);
}

function rowsOf(series: Series): number {
  return Math.max(0, ...marksOf(series).map((mark) => mark.row + 1));
}

function heightOf(series: Series): number {
  const { queries, failures, sessions } = heights;
  return heading + rowsOf(series) * rowHeight + panelGap * 3 + queries + failures + sessions + axis;
}

function Phase(phase: DrawnPhase & { series: Series; summary: PhaseSummary }): JSX.Element {
  const { series, summary } = phase;
  const x = scaleLinear([0, series.seconds], [margin.left, width - margin.right]);
  const lane = heading + rowsOf(series) * rowHeight;
  const queriesTop = lane + panelGap;
  const failuresTop = queriesTop + heights.queries + panelGap;
  const sessionsTop = failuresTop + heights.failures + panelGap;
  const bottom = sessionsTop + heights.sessions;
  return (
    <>
      <text class="heading" x={margin.left} y={20}>
        {phase.heading}
      </text>
      <Marks series={series} x={x} bottom={bottom} />
      <g transform={`translate(0 ${queriesTop})`}>
        <Queries series={series} x={x} />
      </g>
      <g transform={`translate(0 ${failuresTop})`}>
        <Failures series={series} summary={summary} x={x} />
      </g>
      <g transform={`translate(0 ${sessionsTop})`}>
        <Sessions series={series} x={x} />
      </g>
      <g class="axis">
        {x.ticks(12).map((second) => (
          <text x={x(second)} y={bottom + 16} text-anchor="middle">
            {second} s
          </text>
        ))}
      </g>
    </>
  );
}

function Marks({ series, x, bottom }: { series: Series; x: Scale; bottom: number }): JSX.Element {
  const placed = marksOf(series);
  return (
    <g class="marks">
      {placed.map(({ second, row }) => {
        const y = heading + row * rowHeight;
        return <line x1={x(second)} x2={x(second)} y1={y} y2={bottom} />;
      })}
      {placed.map(({ second, label, row, side }) => (
        <text
          x={x(second) + (side === 'left' ? -4 : 4)}
          y={heading + row * rowHeight + 9}
          text-anchor={side === 'left' ? 'end' : 'start'}
        >
          {label}
        </text>
      ))}
    </g>
  );
}

function Queries({ series, x }: { series: Series; x: Scale }): JSX.Element {
  const most = Math.max(1, ...series.slices.map((slice) => slice.succeeded));
  const y = scaleLinear([0, most], [heights.queries, 0]).nice(3);
  const points = [...series.slices, { ...last(series.slices), second: series.seconds }];
  const shape = area<(typeof points)[number]>()
    .x((slice) => x(Math.min(slice.second, series.seconds)))
    .y0(y(0))
    .y1((slice) => y(slice.succeeded))
    .curve(curveStepAfter)
    .digits(1);
  return (
    <>
      <Panel title="Successful queries per second" x={x} y={y} />
      <path class="queries" d={shape(points) ?? ''} />
    </>
  );
}

function Failures({ series, summary, x }: { series: Series; summary: PhaseSummary; x: Scale }): JSX.Element {
  const causes = causesThatOccurred(summary.causes);
  const most = Math.max(
    1,
    ...series.slices.map((slice) => causes.reduce((sum, cause) => sum + slice.failed[cause], 0)),
  );
  const y = scaleLinear([0, most], [heights.failures, 0]).nice(2);
  const layers = stack<Series['slices'][number], FailureCause>()
    .keys(causes)
    .value((slice, cause) => slice.failed[cause])([...series.slices]);
  const legend = causes.map((cause) => ({ label: `${causeNames[cause]} ${summary.causes[cause]}`, class: cause }));
  return (
    <>
      <Panel title={`Failed queries per second: ${summary.failed} in all`} x={x} y={y} legend={legend} />
      {layers.map((layer) =>
        layer
          .filter(([low, high]) => high > low)
          .map((bar) => (
            <rect
              class={layer.key}
              x={x(bar.data.second) + 1}
              width={Math.max(1, x(bar.data.second + series.sliceSeconds) - x(bar.data.second) - 2)}
              y={y(bar[1])}
              height={y(bar[0]) - y(bar[1])}
            />
          )),
      )}
    </>
  );
}

function Sessions({ series, x }: { series: Series; x: Scale }): JSX.Element {
  const sum = (point: Series['sessions'][number]): number =>
    series.users.reduce((total, user) => total + (point.sessions[user] ?? 0), 0);
  const y = scaleLinear([0, Math.max(1, ...series.sessions.map(sum))], [heights.sessions, 0]).nice(3);
  const layers = stack<Series['sessions'][number], string>()
    .keys(series.users)
    .value((point, user) => point.sessions[user] ?? 0)([...series.sessions]);
  const legend = series.users.map((user, index) => ({ label: user, class: `user-${index % 3}` }));
  return (
    <>
      <Panel title="Sessions per database user" x={x} y={y} legend={legend} />
      {layers.map((layer, index) => {
        const shape = area<(typeof layer)[number]>()
          .x((point) => x(point.data.second))
          .y0((point) => y(point[0]))
          .y1((point) => y(point[1]))
          .curve(curveStepAfter)
          .digits(1);
        return <path class={`user-${index % 3}`} d={shape(layer) ?? ''} />;
      })}
    </>
  );
}

interface PanelProps {
  readonly title: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly legend?: readonly { readonly label: string; readonly class: string }[];
}

function Panel({ title, x, y, legend = [] }: PanelProps): JSX.Element {
  const [left = 0, right = 0] = x.range();
  let at = left + title.length * (labelWidth + 0.3) + 18;
  return (
    <>
      <text class="panel" x={left} y={-10}>
        {title}
      </text>
      {legend.map((entry) => {
        const from = at;
        at += entry.label.length * labelWidth + 32;
        return (
          <>
            <rect class={entry.class} x={from} y={-19} width={10} height={10} rx={2} />
            <text class="legend" x={from + 15} y={-10}>
              {entry.label}
            </text>
          </>
        );
      })}
      <g class="axis">
        {y
          .ticks(3)
          .filter(Number.isInteger)
          .map((tick) => (
            <>
              <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
              <text x={left - 8} y={y(tick) + 4} text-anchor="end">
                {tick}
              </text>
            </>
          ))}
      </g>
    </>
  );
}

function last(slices: Series['slices']): Series['slices'][number] {
  const slice = slices.at(-1);
  if (!slice) throw new RangeError('A phase has at least one slice.');
  return slice;
}

/** Colours that people with any kind of colour vision can tell apart (Okabe and Ito), on light and on dark paper. */
const light = `--paper:#fff;--ink:#1b2430;--soft:#5c6873;--rule:#e3e7eb;--mark:#8a949e;--queries:#7fb7a4;
--a:#0072b2;--b:#e69f00;--c:#8c6bb1;--pool:#d55e00;--config:#e69f00;--partial:#b2405a;--wrong:#7b4fa3;--race:#0072b2;--unknown:#6b7680`;
const dark = `--paper:#12161c;--ink:#e6eaee;--soft:#9aa6b1;--rule:#2a323b;--mark:#6f7b87;--queries:#3f7f6c;
--a:#4aa3df;--b:#f0b840;--c:#b79ad6;--pool:#ff8a3d;--config:#f0b840;--partial:#e8718c;--wrong:#b79ad6;--race:#4aa3df;--unknown:#9aa6b1`;
const style = `
.timeline{${light};font:11px system-ui,sans-serif;color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){.timeline{${dark}}}
.timeline .paper{fill:var(--paper)}
.timeline text{fill:var(--ink)}
.timeline .heading{font-size:15px;font-weight:600}
.timeline .panel{font-weight:600}
.timeline .axis text,.timeline .legend,.timeline .marks text{fill:var(--soft)}
.timeline .axis line{stroke:var(--rule)}
.timeline .marks text,.timeline .legend{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.timeline .marks line{stroke:var(--mark);stroke-dasharray:2 3}
.timeline .queries{fill:var(--queries)}
.timeline .user-0{fill:var(--a)}.timeline .user-1{fill:var(--b)}.timeline .user-2{fill:var(--c)}
.timeline .poolNotDrained{fill:var(--pool)}.timeline .configNotReloaded{fill:var(--config)}
.timeline .partialDeployment{fill:var(--partial)}.timeline .wrongSecret{fill:var(--wrong)}
.timeline .race{fill:var(--race)}.timeline .unknown{fill:var(--unknown)}
`;
