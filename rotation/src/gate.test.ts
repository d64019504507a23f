import type { Plan } from '@keyturn/plan';
import { expect, it } from 'vitest';

import type { SupersededState } from './database.js';
import { drainGate, type GateFacts } from './gate.js';

const plan: Pick<Plan, 'consumers'> = { consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] };
const batch: Pick<Plan, 'consumers'> = {
  consumers: [{ name: 'batch', chain: [{ kind: 'process', longest: 'start-bound' }] }],
};
const at = Date.UTC(2030, 0, 1);
const superseded: SupersededState = { user: 'app_a', version: 'v1', generation: 1, at, phase: 'usable' };
const minutes = 60_000;

function facts(change: Partial<GateFacts>): GateFacts {
  return { user: 'app_a', superseded, generation: 2, now: at + 30 * minutes, holders: [], plan, ...change };
}

const holder = {
  endpoint: 'reader',
  user: 'app_a',
  clientAddress: '10.0.0.7',
  application: 'worker',
  since: new Date(at - 93 * minutes),
};

it.each([
  { name: 'at the end of the longest lifetime', facts: {}, gate: { open: true } },
  {
    name: 'a millisecond before that',
    facts: { now: at + 30 * minutes - 1 },
    gate: {
      open: false,
      because: 'app_a was superseded 30m ago and can be held for 30m: wait 1ms more.',
      holders: [],
      until: at + 30 * minutes,
    },
  },
  {
    name: 'long after, with a session',
    facts: { now: at + 90 * minutes, holders: [holder] },
    gate: {
      open: false,
      because: 'app_a still has 1 session: worker from 10.0.0.7 on reader for 3h 3m.',
      holders: [holder],
    },
  },
  {
    name: 'with more sessions than one wants to read',
    facts: { holders: Array.from({ length: 7 }, () => ({ endpoint: 'writer', user: 'app_a' })) },
    gate: {
      open: false,
      because: `app_a still has 7 sessions: ${Array.from({ length: 5 }, () => 'a session on writer').join(', ')}, and 2 more.`,
      holders: expect.any(Array) as unknown,
    },
  },
  { name: 'a user that was never published', facts: { superseded: undefined, now: at }, gate: { open: true } },
  { name: 'a retired one', facts: { superseded: { ...superseded, phase: 'retired' }, now: at }, gate: { open: true } },
  {
    name: 'a start-bound consumer and nobody who knows when it started',
    facts: { plan: batch, now: at + 1_000 * minutes },
    gate: {
      open: false,
      because:
        'batch can hold app_a until restarted, and nothing tells when that was. Give evidence: "evidence" of createRotator, or --evidence of keyturn.',
      holders: [],
    },
  },
  {
    name: 'a start-bound consumer that was restarted',
    facts: { plan: batch, evidence: () => Promise.resolve([]) },
    gate: { open: true },
  },
  {
    name: 'a start-bound consumer that was not',
    facts: {
      plan: batch,
      evidence: () => Promise.resolve([{ endpoint: 'job', user: 'app_a', application: 'batch-7' }]),
    },
    gate: {
      open: false,
      because: 'batch can still hold app_a: batch-7 on job. Restart them.',
      holders: [{ endpoint: 'job', user: 'app_a', application: 'batch-7' }],
    },
  },
] as { name: string; facts: Partial<GateFacts>; gate: unknown }[])('$name', async ({ facts: change, gate }) => {
  expect(await drainGate(facts(change))).toEqual(gate);
});

it('asks for the generation that consumers must have started with, and from when on a start is sure to read it', async () => {
  const asked: unknown[] = [];
  const synced: Pick<Plan, 'consumers'> = {
    consumers: [
      {
        name: 'batch',
        chain: [
          { kind: 'sync', longest: '1h' },
          { kind: 'process', longest: 'start-bound' },
          { kind: 'pool', longest: '9h' },
        ],
      },
    ],
  };
  await drainGate(facts({ plan: synced, evidence: (question) => (asked.push(question), Promise.resolve([])) }));
  expect(asked).toEqual([
    {
      user: 'app_a',
      generation: 2,
      publishedAt: at,
      consumers: [{ name: 'batch', inPlaceAt: at + 60 * minutes }],
    },
  ]);
});
