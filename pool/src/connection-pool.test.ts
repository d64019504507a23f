import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { ConnectionPool } from './connection-pool.js';
import { NoUsableCredential } from './errors.js';
import { type FollowOptions, followPolicy } from './policy.js';
import { eventually, ScriptedSource } from './testing/postgres-pair.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Fake {
  readonly user: string;
  gone(): void;
}

/** A server that answers logins when the test says so; its sockets close at once when the pool says good-bye. */
function pool({ source, max, ...options }: { source: ScriptedSource; max: number } & FollowOptions): {
  pool: ConnectionPool<Fake>;
  events: EventEmitter;
  logins: (() => void)[];
  answer: () => void;
  refuse: () => void;
  openSockets: () => number;
  take: () => Promise<Fake>;
} {
  const events = new EventEmitter();
  const logins: (() => void)[] = [];
  let sockets = 0;
  let answering = false;
  let refusing = false;
  const connections = new ConnectionPool<Fake>(
    {
      open: async ({ user }, leave) => {
        sockets += 1;
        const gone = (): void => {
          sockets -= 1;
          leave();
        };
        if (refusing) {
          gone();
          throw new Error('too many connections');
        }
        if (!answering) await new Promise<void>((resolve) => logins.push(resolve));
        return { user, gone };
      },
      close: (connection) => connection.gone(),
      destroy: (connection) => connection.gone(),
      processId: () => undefined,
      emit: (event, payload) => events.emit(event, payload),
    },
    {
      source,
      policy: followPolicy(options).policy,
      endpoint: 'fake',
      max,
      maxIdle: max,
      idleMillis: 0,
      acquireMillis: 0,
      timedOut: () => new Error('timed out'),
      ended: () => new Error('ended'),
    },
  );
  const take = async (): Promise<Fake> =>
    await new Promise((resolve, reject) =>
      connections.take((error, connection) => (connection ? resolve(connection) : reject(error))),
    );
  return {
    pool: connections,
    events,
    logins,
    answer: () => void (answering = true),
    refuse: () => void (refusing = true),
    openSockets: () => sockets,
    take,
  };
}

describe('a pool whose connections are its own', () => {
  it('ends although a new credential was being proven, and leaves no socket', async () => {
    const source = new ScriptedSource({ user: 'a', password: 'one', generation: 1 });
    const subject = pool({ source, max: 2 });
    const first = subject.take();
    await eventually(() => subject.logins.length === 1);
    subject.logins[0]?.();
    subject.pool.give(await first);
    source.publish({ user: 'b', password: 'two', generation: 2 });
    await eventually(() => subject.logins.length === 2);
    const ended = subject.pool.end();
    subject.logins[1]?.();
    await ended;
    expect(subject.openSockets()).toBe(0);
  });

  it('keeps connections that cannot be replaced until the deadline for stragglers, and no longer', async () => {
    const source = new ScriptedSource({ user: 'a', password: 'one', generation: 1 });
    const subject = pool({ source, max: 3, replaceWithinMillis: 20, stragglerTimeoutMillis: 2_500 });
    subject.answer();
    const taken = [await subject.take(), await subject.take(), await subject.take()];
    const rotated = once(subject.events, 'rotation', { signal: AbortSignal.timeout(5_000) });
    source.publish({ user: 'b', password: 'two', generation: 2 });
    subject.pool.give(taken[0] as Fake);
    await rotated;
    subject.refuse();
    for (const one of taken.slice(1)) subject.pool.give(one);
    await eventually(() => subject.pool.total === 2);
    expect(subject.pool.counters.superseded).toBe(1);
    await eventually(() => subject.pool.counters.superseded === 0);
    expect(subject.pool.counters.stragglers).toBe(0);
    await subject.pool.end();
  });

  it('holds on to no connection of the past, however many rotations found one in use', async () => {
    const source = new ScriptedSource({ user: 'a', password: '0', generation: 0 });
    const subject = pool({ source, max: 4 });
    subject.answer();
    const past: WeakRef<Fake>[] = [];
    for (let generation = 1; generation <= 300; generation += 1) {
      const inUse = await subject.take();
      past.push(new WeakRef(inUse));
      const rotated = once(subject.events, 'rotation', { signal: AbortSignal.timeout(5_000) });
      source.publish({ user: generation % 2 ? 'b' : 'a', password: String(generation), generation });
      await rotated;
      subject.pool.give(inUse);
    }
    expect(subject.pool.counters.rotations).toBe(300);
    const left = (): number => past.filter((one) => one.deref() !== undefined).length;
    await eventually(async () => {
      collectGarbage();
      await new Promise(setImmediate);
      return left() < 10;
    });
    await subject.pool.end();
    expect(subject.openSockets()).toBe(0);
  });

  it('proves the next credential although the login that was to prove the last one still waits for a socket that does not close', async () => {
    const source = new ScriptedSource({ user: 'a', password: 'one', generation: 1 });
    const subject = pool({ source, max: 2 });
    const rotated = async (generation: number): Promise<void> => {
      const [event] = (await once(subject.events, 'rotation', { signal: AbortSignal.timeout(5_000) })) as [object];
      expect(event).toMatchObject({ generation });
    };
    subject.answer();
    const [hanging, other] = [await subject.take(), await subject.take()];
    const third = subject.take();
    subject.pool.forget(hanging);
    const second = rotated(2);
    source.publish({ user: 'b', password: 'two', generation: 2 });
    await eventually(() => subject.pool.counters.refreshes === 2);
    subject.pool.give(other);
    await second;
    const next = rotated(3);
    source.publish({ user: 'a', password: 'three', generation: 3 });
    await eventually(() => subject.pool.counters.refreshes === 3);
    subject.pool.give(await third);
    await next;
    hanging.gone();
    await subject.pool.end();
    expect(subject.openSockets()).toBe(0);
  });

  it('refuses a request after credentialTimeoutMillis, although the garbage was collected while it waited', async () => {
    const source = new ScriptedSource({ user: 'a', password: 'one', generation: 1 });
    source.away = true;
    const subject = pool({ source, max: 2, credentialTimeoutMillis: 200 });
    const refused = subject.take().then(
      () => 'served',
      (error: unknown) => error,
    );
    await sleep(20);
    collectGarbage();
    const outcome = await Promise.race([refused, sleep(5_000, 'still waiting')]);
    expect(outcome).toBeInstanceOf(NoUsableCredential);
    await subject.pool.end();
  });
});
