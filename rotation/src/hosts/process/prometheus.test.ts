import { freePort } from '@keyturn/services';
import { describe, expect, it } from 'vitest';

import { observeRotations, type Reading } from '../metrics.js';
import { PrometheusError, servePrometheus } from './prometheus.js';

describe('the endpoint for Prometheus', () => {
  it('shows the four metrics of each pair, and of a blocked one who blocks it', async () => {
    const holder = { endpoint: 'writer', user: 'app_a', application: 'nightly', clientAddress: '10.0.0.7' };
    const readings: Reading[] = [
      { pair: 'fresh', generation: 3, ageMs: 60_000, overdueMs: 0 },
      {
        pair: 'held',
        generation: 8,
        ageMs: 7_200_000,
        overdueMs: 5_000,
        blocked: { doing: 'advance', because: 'app_a still has 2 sessions', holders: [holder, holder] },
      },
    ];
    const port = await freePort();
    const prometheus = await servePrometheus({ port });
    try {
      observeRotations(prometheus.meter, () => readings);
      const lines = (await (await fetch(prometheus.url)).text())
        .split('\n')
        .filter((line) => line.startsWith('keyturn'))
        .map((line) => line.replace(/,?otel_scope_\w+="[^"]*"/g, '').replace(/ \d{13}$/, ''));
      expect(lines.sort()).toEqual([
        'keyturn_rotation_age{pair="fresh"} 60',
        'keyturn_rotation_age{pair="held"} 7200',
        'keyturn_rotation_blocked_by{pair="held",doing="advance",kind="session",user="app_a",application="nightly",client_address="10.0.0.7"} 2',
        'keyturn_rotation_generation{pair="fresh"} 3',
        'keyturn_rotation_generation{pair="held"} 8',
        'keyturn_rotation_overdue{pair="fresh"} 0',
        'keyturn_rotation_overdue{pair="held"} 5',
      ]);
      await expect(servePrometheus({ port })).rejects.toThrow(PrometheusError);
      await expect(servePrometheus({ port })).rejects.toThrow(
        `Cannot listen on 127.0.0.1:${port} for Prometheus (EADDRINUSE). Choose another port.`,
      );
    } finally {
      await prometheus.stop();
    }
  });
});
