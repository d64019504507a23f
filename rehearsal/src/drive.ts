import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { now } from './evidence.js';
import type { Fleet, Serving } from './fleet.js';
import type { Arrival } from './load.js';

/** One query that was asked of the application. Times are those of `now()`. */
export interface Query {
  readonly instance: string;
  readonly operation: string;
  /** When it should have been sent. Latency counts from here, so that a late sender hides nothing. */
  readonly dueAt: number;
  readonly sentAt: number;
  readonly endedAt: number;
  /** Absent when it succeeded: the HTTP status, or the code of the network error. */
  readonly failed?: string;
}

const noInstance = 'no instance';

/** What arrives: a stream by the clock, and what is to be sent at once; `undefined` when that is nothing. */
export interface Arrivals {
  readonly stream: Iterator<Arrival, never>;
  readonly volleys: Iterator<Arrival | undefined, never>;
}

/** Sends arrivals to the fleet until `done()` says so, then waits for the answers. */
export async function drive(
  fleet: Fleet,
  { stream, volleys }: Arrivals,
  done: () => boolean,
  signal: AbortSignal,
): Promise<{ readonly startedAt: number; readonly endedAt: number; readonly queries: readonly Query[] }> {
  const startedAt = now();
  const queries: Query[] = [];
  const open = new Set<Promise<void>>();
  let next = stream.next().value;
  while (!done() && !signal.aborted) {
    for (; startedAt + next.dueMs <= now(); next = stream.next().value) {
      send(next, startedAt + next.dueMs);
    }
    for (let extra = volleys.next().value; extra; extra = volleys.next().value) send(extra, now());
    await sleep(Math.max(1, Math.min(20, startedAt + next.dueMs - now())));
  }
  const endedAt = now();
  await Promise.all(open);
  signal.throwIfAborted();
  return { startedAt, endedAt, queries };

  function send(arrival: Arrival, dueAt: number): void {
    const asked = ask(fleet.next(), arrival, dueAt).then((query) => {
      queries.push(query);
      open.delete(asked);
    });
    open.add(asked);
  }
}

async function ask(serving: Serving | undefined, arrival: Arrival, dueAt: number): Promise<Query> {
  const sentAt = now();
  const base = { operation: arrival.operation, dueAt, sentAt };
  if (!serving) return { ...base, instance: '', endedAt: sentAt, failed: noInstance };
  serving.inFlight++;
  try {
    const failed = await answer(serving, arrival);
    return { ...base, instance: serving.instance.name, endedAt: now(), ...(failed === undefined ? {} : { failed }) };
  } finally {
    serving.inFlight--;
  }
}

const answeredWithinMs = 10_000;

async function answer({ instance }: Serving, { method, path, body, headers }: Arrival): Promise<string | undefined> {
  const sent = {
    ...headers,
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return await new Promise((resolve) => {
    const request = http.request(
      { host: '127.0.0.1', port: instance.port, agent: instance.agent, method, path, headers: sent },
      (response) => {
        response.resume();
        response.once('error', () => resolve('answer cut'));
        response.once('end', () => {
          const status = response.statusCode ?? 0;
          resolve(status >= 200 && status < 300 ? undefined : `HTTP ${status}`);
        });
      },
    );
    request.setTimeout(answeredWithinMs, () =>
      request.destroy(Object.assign(new Error('no answer'), { code: 'no answer' })),
    );
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'no code'));
    request.end(body);
  });
}
