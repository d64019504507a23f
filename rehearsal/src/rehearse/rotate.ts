import { setTimeout as sleep } from 'node:timers/promises';

import type { Credential, Plan } from '@keyturn/plan';
import {
  createRotator,
  MemoryStore,
  newPassword,
  type Rotator,
  type Store,
  type StoredCredential,
} from '@keyturn/rotation';

import { now } from '../evidence.js';
import type { Drill } from '../phase.js';
import type { LoginWire } from '../wire/login-wire.js';
import type { RehearsalDatabase } from './database.js';
import type { Courier } from './delivery.js';
import { connectionsWith, type Held, stillHeld } from './held.js';
import type { RehearseOptions, Strategy } from './options.js';

/** What one rotation showed. */
export interface Turn {
  readonly rotation: number;
  /** From the publication, or from the last restart, until nobody was connected with the older credential; absent when that did not come within the budget. */
  readonly drainedMs?: number;
  /** What the application still held when the older credential ended. */
  readonly held: readonly Held[];
}

export interface Rotation {
  /** Makes the roles and the first credential. */
  begin(): Promise<Credential>;
  turn(drill: Drill, rotation: number): Promise<Turn>;
}

/** Parts of a rotation. */
export interface Parts {
  readonly options: RehearseOptions;
  readonly database: RehearsalDatabase;
  readonly courier: Courier;
  readonly wire: Pick<LoginWire, 'learn'>;
}

const slowMs = 1_000;
const lagMs = 1_000;
const staleMs = 1_000;

const advanceWithinMs = 30_000;

/** The rotation itself could not go on; the message says what blocks it. */
export class RotationStuck extends Error {
  override readonly name = 'RotationStuck';
}

class RotatorKilled extends Error {
  override readonly name = 'RotatorKilled';
}

const plan: Omit<Plan, 'strategy'> = {
  every: '1m',
  consumers: [{ name: 'application', chain: [] }],
  runTime: '5s',
};

/**
 * Two users, or two passwords of one: re-key the idle user or give the user another password beside the first, publish it, wait until nobody
 * uses the older one, end that.
 */
export function overlapping(
  strategy: Exclude<Strategy, 'in-place'>,
  { options, database, courier, wire }: Parts,
): Rotation {
  const memory = new MemoryStore();
  const fault = new Set<string>();
  let setAt = 0;
  const make = (): Rotator =>
    createRotator({
      pair: database.pair,
      database: database.engine(),
      store: faulty(memory, fault),
      plan: { ...plan, strategy },
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 'set' && event.phase === 'started') setAt = now();
      },
    });
  let rotator = make();

  async function advance(drill?: Drill): Promise<void> {
    const until = now() + advanceWithinMs;
    for (;;) {
      const result = await rotator.advance().catch((error: unknown) => {
        if (!(error instanceof RotatorKilled)) throw error;
        drill?.mark('rotator killed');
        rotator = make();
        return undefined;
      });
      if (result?.outcome === 'advanced') return;
      if (result?.outcome === 'refused' || (result && now() > until)) throw new RotationStuck(result.because);
      await sleep(100, undefined, { ...(drill ? { signal: drill.signal } : {}) });
    }
  }

  return {
    begin: async () => {
      await rotator.bootstrap();
      await database.furnish(options.setup);
      await advance();
      return await publishedIn(memory);
    },
    turn: async (drill, rotation) => {
      const superseded = await publishedIn(memory);
      for (const name of options.faults) fault.add(name);
      await advance(drill);
      const published = await publishedIn(memory);
      drill.databaseTakes(published, setAt);
      const publishedAt = await hand(drill, { options, database, courier, wire }, published, superseded);
      // Sessions of one user do not tell which of its passwords they began with; the logins do.
      const left = (): number =>
        strategy === 'dual-user' ? drill.sessionsOf(superseded.user) : connectionsWith(drill, superseded);
      const drained = await drainedWithin(drill, left, options.budget.maxDrainMs, publishedAt);
      const held = drained === undefined ? stillHeld(drill, superseded, published) : [];
      const begunAt = now();
      const force = { reason: 'The rehearsal waited for as long as its budget says.' };
      let result = await rotator.retire();
      while (result.outcome === 'waiting' && now() - begunAt < 2_000 && drained !== undefined) {
        await sleep(50, undefined, { signal: drill.signal });
        result = await rotator.retire();
      }
      if (result.outcome === 'waiting') await rotator.retire({ force });
      drill.databaseEnds(superseded, begunAt);
      const ended = strategy === 'dual-user' ? letter(superseded) : `password of generation ${superseded.generation}`;
      drill.mark(`${ended} retired${held.length > 0 ? ', still held' : ''}`);
      return { rotation, ...(drained === undefined ? {} : { drainedMs: drained }), held };
    },
  };
}

/** One user: its password is changed, then what the application reads. Between the two nobody can log in. */
export function inPlace({ options, database, courier, wire }: Parts): Rotation {
  const [user] = database.pair.users;
  let current: Credential = { user, password: newPassword(), generation: 1 };
  return {
    begin: async () => {
      await database.createUser(current.password);
      await database.furnish(options.setup);
      return current;
    },
    turn: async (drill, rotation) => {
      const before = current;
      const next = { user, password: newPassword(), generation: before.generation + 1 };
      const begunAt = now();
      await database.changePassword(next.password);
      drill.databaseEnds(before, begunAt);
      drill.databaseTakes(next, begunAt);
      drill.mark('password changed');
      drill.volley(volleyOf(options));
      if (options.faults.includes('kill-rotator')) {
        drill.mark('rotator killed');
        await sleep(slowMs, undefined, { signal: drill.signal });
      }
      if (options.faults.includes('slow-store')) await sleep(slowMs, undefined, { signal: drill.signal });
      current = next;
      await hand(drill, { options, database, courier, wire }, next, before);
      return { rotation, held: [] };
    },
  };
}

/** Publishes to the application, with the faults that lie there, the bursts that make pools grow, and a restart where it is asked for. */
async function hand(
  drill: Drill,
  { options, database, courier, wire }: Parts,
  credential: Credential,
  before: Credential,
): Promise<number> {
  const pause = async (ms: number): Promise<void> => await sleep(ms, undefined, { signal: drill.signal });
  const deliver = async (what: Credential, label: string): Promise<number> => {
    const at = now();
    wire.learn(what);
    drill.sourceHolds(what, at);
    await courier.deliver(what);
    drill.mark(label);
    return at;
  };
  if (options.faults.includes('lag')) await pause(lagMs);
  if (courier.wire) courier.wire.delayMs = options.faults.includes('slow-store') ? slowMs : 0;
  let at = await deliver(credential, `generation ${credential.generation} published`);
  if (options.faults.includes('stale-secret')) {
    await pause(100);
    await deliver(before, 'older one shown again');
    await pause(staleMs);
    at = await deliver(credential, `generation ${credential.generation} shown again`);
  }
  drill.volley(2 * options.instances);
  if (options.faults.includes('restart-db')) await restart(drill, database);
  if (options.restart) {
    await drill.fleet.restart(300, drill.signal, (instance) => {
      drill.mark(`${instance.name} restarted`);
      drill.volley(options.strategy === 'in-place' ? volleyOf(options) : 0);
    });
    // How long the replacement takes is ours and not the application's.
    return now();
  }
  return at;
}

async function restart(drill: Drill, database: RehearsalDatabase): Promise<void> {
  if (!database.restart) return;
  const from = now();
  await database.restart();
  // Applications need a moment to connect again.
  drill.excuse(from, now() + 1_000);
  drill.mark('database restarted');
}

/** More than a pool of the usual size, for each instance: pools must open connections. */
export function volleyOf({ instances }: Pick<RehearseOptions, 'instances'>): number {
  return 30 * instances;
}

async function drainedWithin(
  drill: Drill,
  left: () => number,
  withinMs: number,
  since: number,
): Promise<number | undefined> {
  let sampled = drill.sampledAt;
  for (;;) {
    if (drill.sampledAt > since && left() === 0) return Math.max(0, drill.sampledAt - since);
    if (now() - since > withinMs && drill.sampledAt !== sampled) return undefined;
    if (now() - since <= withinMs) sampled = drill.sampledAt;
    await sleep(20, undefined, { signal: drill.signal });
  }
}

async function publishedIn(store: Store): Promise<StoredCredential> {
  const published = await store.readPublished();
  if (!published) throw new RangeError('The store has published nothing.');
  return published;
}

function letter({ user }: Credential): string {
  return `user ${user.slice(-1)}`;
}

/** The store with the faults that were asked for, each once per rotation. */
function faulty(store: MemoryStore, fault: Set<string>): Store {
  return {
    name: store.name,
    readPublished: () => store.readPublished(),
    readVersion: (version) => store.readVersion(version),
    writePending: (credential, token) => store.writePending(credential, token),
    discardPending: (version) => store.discardPending(version),
    publish: async (version, expected) => {
      if (fault.delete('kill-rotator')) throw new RotatorKilled('Killed after the password was set.');
      if (fault.delete('slow-store')) await sleep(slowMs);
      await store.publish(version, expected);
    },
  };
}
