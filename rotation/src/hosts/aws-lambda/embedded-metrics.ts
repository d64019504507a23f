import { measurementsOf, type Reading } from '../metrics.js';

const units = { s: 'Seconds', '1': 'Count' } as const;

/**
 * A line in the embedded metric format of CloudWatch: printed by a function, it becomes the metrics `overdue`, `age`, `generation` and
 * `blocked_by` of the namespace `keyturn` with the dimension `pair`. Who blocks stands in the log; a dimension for each client would make
 * a metric for each.
 */
export function embeddedMetrics(reading: Reading, at: Date): string {
  const values = new Map<string, number>();
  const metrics = new Map<string, string>();
  for (const { name, value, unit } of measurementsOf(reading)) {
    values.set(name, (values.get(name) ?? 0) + value);
    metrics.set(name, units[unit]);
  }
  if (!values.has('blocked_by')) {
    values.set('blocked_by', 0);
    metrics.set('blocked_by', units['1']);
  }
  return JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: 'keyturn',
          Dimensions: [['pair']],
          Metrics: [...metrics].map(([Name, Unit]) => ({ Name, Unit })),
        },
      ],
    },
    pair: reading.pair,
    ...Object.fromEntries(values),
  });
}
