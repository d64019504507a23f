import { inspect } from 'node:util';

import type { Credential } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';

import { type Database, type DatabaseSession, NotBootstrappedError, type SupersededState } from '../database.js';
import type { Holder } from '../holder.js';
import type { Pair } from '../pair.js';
import { createRotator, type Rotator } from '../rotator.js';
import type { Store, StoredCredential } from '../store.js';
import { MemoryStore } from '../stores/memory.js';

/** A pair that nobody has used yet, on a database under test. */
export interface DatabaseUnderTest {
  readonly pair: Pair;
  readonly database: Database;
  /** The same database with a rotator whose own password is wrong. */
  readonly lockedOut: Database;
  /** The same database where nobody listens. */
  readonly unreachable: Database;
  /** The strings that must show nowhere, beside the passwords of the pair: the rotator's own password. */
  readonly secrets: readonly string[];
  /** Logs in as an application called `worker`. Rejects when the login is refused; close what was opened. */
  login(credential: Pick<Credential, 'user' | 'password'>): Promise<{ close(): Promise<void> }>;
  /** Changes the password of a user behind keyturn's back. */
  setPassword(user: string, password: string): Promise<void>;
  /** Makes the journal believe that the superseded credential was superseded, and switched off, this much earlier. */
  age(milliseconds: number): Promise<void>;
  /** All that the server logged with its most talkative settings, where it can be had. */
  log?(): string;
}

/** What `make` is asked for. */
export interface DatabaseWishes {
  /** Where the server shows refused logins, or a test pretends so. */
  readonly refusedLogins?: () => Promise<readonly Holder[]>;
}

interface Scene extends DatabaseUnderTest {
  readonly store: MemoryStore;
  readonly rotator: Rotator;
  rotatorWith(change: { readonly store?: Store; readonly database?: Database }): Rotator;
  session<T>(work: (session: DatabaseSession) => Promise<T>): Promise<T>;
  journal(): Promise<string[]>;
  published(): Promise<StoredCredential>;
}

/** What every database must do. Registers tests; `make` is called once per test and returns a pair that was never used. */
export function databaseContract(name: string, make: (wishes: DatabaseWishes) => Promise<DatabaseUnderTest>): void {
  async function scene(soak = 0, lifetime = 0, wishes: DatabaseWishes = {}): Promise<Scene> {
    const under = await make(wishes);
    const { pair, database } = under;
    const store = new MemoryStore();
    const consumers = [{ name: 'web', chain: [{ kind: 'pool', longest: lifetime } as const] }];
    const plan = { strategy: 'dual-user', every: '1d', soak, consumers } as const;
    const session = async <T>(work: (open: DatabaseSession) => Promise<T>): Promise<T> => {
      const open = await database.open();
      try {
        return await work(open);
      } finally {
        await open.close();
      }
    };
    return {
      ...under,
      store,
      rotator: createRotator({ pair, database, store, plan }),
      rotatorWith: (change) => createRotator({ pair, database, store, plan, ...change }),
      session,
      journal: async () => {
        const entries = await session((open) => open.journal());
        return entries.map(({ event, user, generation }) =>
          user === undefined ? `${event} ${generation}` : `${event} ${generation} ${user}`,
        );
      },
      published: async () => {
        const published = await store.readPublished();
        if (published === undefined) throw new Error('nothing is published');
        return published;
      },
    };
  }

  /** A pair at generation 2, and the credential of generation 1, which is superseded. */
  async function superseded(...with_: Parameters<typeof scene>): Promise<Scene & { readonly first: StoredCredential }> {
    const made = await scene(...with_);
    await made.rotator.bootstrap();
    await made.rotator.advance();
    const first = await made.published();
    expect(await made.rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 2 });
    return { ...made, first };
  }

  async function logsIn(under: Scene, credential: StoredCredential): Promise<boolean> {
    try {
      const opened = await under.login(credential);
      await opened.close();
      return true;
    } catch {
      return false;
    }
  }

  /** A session that was closed may be seen by the server for a moment more. */
  async function eventually<T extends { readonly outcome: string }>(wanted: string, run: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      const result = await run();
      if (result.outcome === wanted || tries >= 50) return result;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  describe(`${name} as a database`, () => {
    it('says so when nobody ran bootstrap', async () => {
      const { rotator } = await scene();
      await expect(rotator.advance()).rejects.toThrow(NotBootstrappedError);
      await expect(rotator.status()).rejects.toThrow(NotBootstrappedError);
    });

    it('stands at generation 0 after bootstrap, twice without a difference, and nobody logs in', async () => {
      const under = await scene();
      await under.rotator.bootstrap();
      await under.rotator.bootstrap();
      const { generation, published, superseded: before } = await under.rotator.status();
      expect({ generation, published, before }).toEqual({ generation: 0, published: undefined, before: undefined });
      expect(await under.journal()).toEqual(['bootstrapped 0']);
      for (const user of under.pair.users) {
        for (const password of ['', user]) await expect(under.login({ user, password })).rejects.toThrow();
      }
    });

    it('publishes the first user, then the second one, and both log in', async () => {
      const under = await superseded();
      const [a, b] = under.pair.users;
      expect(await under.published()).toMatchObject({ user: b, generation: 2 });
      expect(await logsIn(under, under.first)).toBe(true);
      expect(await logsIn(under, await under.published())).toBe(true);
      expect(await under.journal()).toEqual([
        'bootstrapped 0',
        ...[`decided 1 ${a}`, `set 1 ${a}`, `finished 1 ${a}`],
        ...[`decided 2 ${b}`, `set 2 ${b}`, `finished 2 ${b}`],
      ]);
    });

    it('waits for a session of the superseded user by name, and goes on when it ended', async () => {
      const under = await superseded();
      const held = await under.login(under.first);
      const blocked = { outcome: 'waiting', holders: [{ user: under.first.user }] };
      expect(await under.rotator.advance()).toMatchObject(blocked);
      expect(await under.rotator.retire()).toMatchObject({ ...blocked, user: under.first.user });
      expect((await under.published()).generation).toBe(2);
      expect(await logsIn(under, under.first)).toBe(true);
      await held.close();
      expect(await eventually('advanced', () => under.rotator.advance())).toMatchObject({ generation: 3 });
    });

    it('waits for the longest lifetime by the clock of the database, without any session', async () => {
      const under = await superseded(0, 60_000);
      const until = { outcome: 'waiting', holders: [], until: expect.any(Date) as Date };
      expect(await under.rotator.advance()).toMatchObject(until);
      expect(await under.rotator.retire()).toMatchObject(until);
      await under.age(50_000);
      expect(await under.rotator.advance()).toMatchObject(until);
      expect(await logsIn(under, under.first)).toBe(true);
      await under.age(11_000);
      expect(await eventually('advanced', () => under.rotator.advance())).toMatchObject({ generation: 3 });
      expect(await logsIn(under, under.first)).toBe(false);
    });

    it('goes on against the gate for a reason, and keeps the reason', async () => {
      const under = await superseded(0, 60_000);
      await expect(under.rotator.advance({ force: { reason: ' ' } })).rejects.toThrow('needs a reason');
      expect(await under.rotator.advance({ force: { reason: 'laptop stolen' } })).toMatchObject({ generation: 3 });
      const entries = await under.session((open) => open.journal());
      const reasons = entries.filter(({ event }) => event === 'set').map(({ detail }) => detail['forced']);
      expect(reasons).toEqual([undefined, undefined, 'laptop stolen']);
    });

    it('does not re-key a user that got a session since the gate was checked', async () => {
      const under = await superseded();
      const state = await under.session((open) => open.read());
      const intent = { token: 't', generation: 3, user: under.first.user, version: 'v', attempt: 1 };
      const decided = { ...intent, replaces: state.published?.version ?? '' };
      await under.session((open) => open.decide(decided));
      const held = await under.login(under.first);
      const set = (forced?: { reason: string }): Promise<void> =>
        under.session((open) => open.set(decided, 'LastMomentPassword01', forced));
      await expect(set()).rejects.toMatchObject({ name: 'HeldError', holders: [{ user: under.first.user }] });
      expect(await logsIn(under, under.first)).toBe(true);
      await set({ reason: 'it may break' });
      expect(await logsIn(under, under.first)).toBe(false);
      await held.close();
    });

    it('does not go on when the published credential was changed by somebody else', async () => {
      const under = await scene();
      await under.rotator.bootstrap();
      await under.rotator.advance();
      await under.setPassword(under.pair.users[0], 'SomebodyElse0001');
      expect(await under.rotator.advance()).toMatchObject({
        outcome: 'refused',
        because: expect.stringContaining(`The published credential of ${under.pair.users[0]} is refused`) as string,
      });
      const force = { reason: 'password was changed by hand' };
      expect(await under.rotator.advance({ force })).toMatchObject({ outcome: 'advanced', generation: 2 });
    });

    it('stops when store and journal disagree', async () => {
      const under = await superseded();
      expect(await under.rotatorWith({ store: new MemoryStore() }).advance()).toMatchObject({
        outcome: 'refused',
        because: expect.stringContaining(`memory has published nothing, and the journal of`) as string,
      });
      expect(await logsIn(under, under.first)).toBe(true);
    });

    it('makes another candidate, linked in the journal, when the store lost the one that was decided', async () => {
      const under = await scene();
      await under.rotator.bootstrap();
      const intent = { token: 'lost', generation: 1, user: under.pair.users[0], version: 'lost', attempt: 1 };
      await under.session((open) => open.decide(intent));
      expect(await under.rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 1 });
      const replaced = (await under.session((open) => open.journal())).find(
        ({ event }) => event === 'candidate-replaced',
      );
      expect(replaced?.detail).toMatchObject({ before: 'lost', attempt: 2 });
      expect(await logsIn(under, await under.published())).toBe(true);
    });

    it('makes exactly one generation of eight rotators at once', async () => {
      const under = await scene();
      await under.rotator.bootstrap();
      const results = await Promise.all(Array.from({ length: 8 }, () => under.rotatorWith({}).advance()));
      expect(results.filter(({ outcome }) => outcome === 'advanced')).toHaveLength(1);
      const [a] = under.pair.users;
      expect(await under.journal()).toEqual(['bootstrapped 0', `decided 1 ${a}`, `set 1 ${a}`, `finished 1 ${a}`]);
    });

    it('fences a rotator that slept through a generation: it changes nothing', async () => {
      const under = await superseded();
      const asleep = await under.database.open();
      const intent = { token: 'asleep', generation: 2, user: under.pair.users[1], version: 'v', attempt: 1 };
      const { user } = under.first;
      const old = { user, version: 'v', generation: 0, at: 0, phase: 'usable' } satisfies SupersededState;
      const changes: (() => Promise<void>)[] = [
        () => asleep.decide({ ...intent, user }),
        () => asleep.set(intent, 'SleeperPassword01'),
        () => asleep.finish(intent, { endpoints: [], differences: [], probed: false }),
        () => asleep.lockUser(old),
        () => asleep.decideUndo(old, { because: 'session', holders: [] }),
        () => asleep.undo(old),
        () => asleep.takePassword(old),
      ];
      for (const change of changes) {
        await expect(change()).rejects.toMatchObject({ name: 'FencedError', pair: under.pair.name });
      }
      await asleep.close();
      expect(await logsIn(under, under.first)).toBe(true);
      expect(await logsIn(under, await under.published())).toBe(true);
    });

    it('switches off, soaks, and takes the password away', async () => {
      const under = await superseded(60_000);
      const { user } = under.first;
      expect(await under.rotator.retire()).toMatchObject({ outcome: 'waiting', user, until: expect.any(Date) as Date });
      expect(await logsIn(under, under.first)).toBe(false);
      expect(await under.rotator.advance()).toMatchObject({ outcome: 'waiting' });
      expect((await under.rotator.status()).superseded).toMatchObject({ phase: 'locked' });
      await under.age(61_000);
      expect(await under.rotator.resume()).toEqual({ outcome: 'retired', user, holders: [] });
      expect(await logsIn(under, under.first)).toBe(false);
      expect(await logsIn(under, await under.published())).toBe(true);
      expect(await under.rotator.retire()).toEqual({ outcome: 'nothing', holders: [] });
      await under.rotator.bootstrap();
      expect(await logsIn(under, under.first)).toBe(false);
      expect(await under.rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3, published: user });
    });

    it('switches on again when the server refused somebody, and says whom', async () => {
      let refusals: Holder[] = [];
      const under = await superseded(60_000, 0, { refusedLogins: () => Promise.resolve(refusals) });
      const { user } = under.first;
      await under.rotator.retire();
      refusals = [{ endpoint: 'writer', user, clientAddress: '10.0.0.9', application: 'nightly' }];
      expect(await under.rotator.retire()).toMatchObject({
        outcome: 'waiting',
        because: `${user} was switched off and is switched on again, because a login was refused: nightly from 10.0.0.9 on writer. It counts as superseded from now on.`,
        holders: refusals,
      });
      expect(await logsIn(under, under.first)).toBe(true);
      expect((await under.journal()).slice(-3)).toEqual([
        `locked 1 ${user}`,
        `undo-decided 1 ${user}`,
        `undone 1 ${user}`,
      ]);
    });

    it('reads the evidence first when the one before died between deciding and doing', async () => {
      const under = await superseded(60_000);
      await under.rotator.retire();
      await under.session(async (open) => {
        const { superseded: locked } = await open.read();
        if (locked === undefined) throw new Error('nothing is superseded');
        await open.decideUndo(locked, { because: 'refused-login', holders: [] });
        await expect(open.takePassword(locked)).rejects.toMatchObject({ name: 'FencedError' });
      });
      expect(await under.rotator.resume()).toMatchObject({ outcome: 'waiting', user: under.first.user });
      expect(await logsIn(under, under.first)).toBe(true);
    });

    it('tells a server that is down from a wrong password', async () => {
      const under = await scene();
      await under.rotator.bootstrap();
      const advance = (database: Database): Promise<unknown> => under.rotatorWith({ database }).advance();
      await expect(advance(under.unreachable)).rejects.toMatchObject({ kind: 'network' });
      await expect(advance(under.lockedOut)).rejects.toMatchObject({ kind: 'authentication' });
    });

    it('shows no password in journal, status, errors or the log of the server', async () => {
      const under = await superseded();
      const passwords = [...under.secrets, under.first.password, (await under.published()).password];
      await under.rotator.retire();
      await eventually('advanced', () => under.rotator.advance());
      passwords.push((await under.published()).password);
      const failure: unknown = await under
        .rotatorWith({ database: under.lockedOut })
        .advance()
        .catch((error: unknown) => error);
      const seen = [
        under.log?.() ?? '',
        JSON.stringify(await under.session((open) => open.journal())),
        JSON.stringify(await under.rotator.status()),
        inspect(failure, { depth: 9, showHidden: true }),
      ].join('\n');
      expect(seen).toContain(under.pair.users[0]);
      expect(new Set(passwords).size).toBe(under.secrets.length + 3);
      for (const password of passwords) {
        expect(password.length).toBeGreaterThan(15);
        expect(seen.includes(password)).toBe(false);
      }
    });
  });
}
