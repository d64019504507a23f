import path from 'node:path';

import { type RehearseOptions, rehearse, type Verdict } from '@keyturn/rehearsal';

const apps = path.join(import.meta.dirname, 'rehearse-apps');

/** Rehearses one rotation on an app of `rehearse-apps`, two instances of it, as a person would who says no more than that. */
export async function verdictOn(app: string, cwd: string, options: Partial<RehearseOptions> = {}): Promise<Verdict> {
  const { verdict } = await rehearse({
    app: `node ${path.join(apps, app)}`,
    cwd,
    env: { PATH: process.env['PATH'] },
    instances: 2,
    operations: [{ name: 'GET /', weight: 1, method: 'GET', path: () => '/' }],
    rate: 40,
    rotations: 1,
    strategy: 'dual-user',
    delivery: 'file',
    restart: false,
    faults: [],
    budget: { maxFailed: 0, maxDrainMs: 4_000 },
    ...options,
  });
  return verdict;
}

/** The causes of failed requests, the most frequent first. */
export function causesIn({ causes }: Verdict): string[] {
  return Object.entries(causes)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([cause]) => cause);
}
