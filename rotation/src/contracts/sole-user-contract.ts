import type { Credential, Strategy } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';

import type { Database, DatabaseSession } from '../database.js';
import type { Pair } from '../pair.js';
import { createRotator, type Rotator } from '../rotator.js';
import type { StoredCredential } from '../store.js';
import { MemoryStore } from '../stores/memory.js';

/** A pair of one user that nobody has used yet, on a database under test. */
export interface SoleUserUnderTest {
  readonly pair: Pair;
  readonly database: Database;
  /** Logs in as an application. Rejects when the login is refused; close what was opened. */
  login(credential: Pick<Credential, 'user' | 'password'>): Promise<{ close(): Promise<void> }>;
  /** Makes the journal believe that the superseded credential was superseded this much earlier. */
  age(milliseconds: number): Promise<void>;
}

interface Scene extends SoleUserUnderTest {
  readonly store: MemoryStore;
  readonly rotator: Rotator;
  session<T>(work: (session: DatabaseSession) => Promise<T>): Promise<T>;
  events(): Promise<string[]>;
  published(): Promise<StoredCredential>;
  logsIn(credential: Pick<Credential, 'user' | 'password'>): Promise<boolean>;
}

async function sceneOf(under: SoleUserUnderTest, strategy: Strategy, lifetime: number): Promise<Scene> {
  const { pair, database } = under;
  const store = new MemoryStore();
  const consumers = [{ name: 'web', chain: [{ kind: 'pool', longest: lifetime } as const] }];
  const rotator = createRotator({ pair, database, store, plan: { strategy, every: '1d', soak: '1h', consumers } });
  await rotator.bootstrap();
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
    rotator,
    session,
    events: async () =>
      (await session((open) => open.journal())).map(({ event, generation }) => `${event} ${generation}`),
    published: async () => {
      const published = await store.readPublished();
      if (published === undefined) throw new Error('nothing is published');
      return published;
    },
    logsIn: async (credential) => {
      try {
        await (await under.login(credential)).close();
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** What a database must do that can give one user two passwords. `addPassword` gives it another one behind keyturn's back. */
export function dualPasswordContract(
  name: string,
  make: () => Promise<SoleUserUnderTest & { addPassword(user: string, password: string): Promise<void> }>,
): void {
  async function superseded(
    lifetime = 0,
  ): Promise<Scene & { readonly first: StoredCredential; addPassword(user: string, password: string): Promise<void> }> {
    const under = await make();
    const scene = await sceneOf(under, 'dual-password', lifetime);
    await scene.rotator.advance();
    const first = await scene.published();
    expect(await scene.rotator.advance()).toEqual({
      outcome: 'advanced',
      generation: 2,
      published: first.user,
      superseded: first.user,
    });
    return { ...scene, first, addPassword: (user, password) => under.addPassword(user, password) };
  }

  describe(`${name} with two passwords of one user`, () => {
    it('lets both log in, under one name, and no third one', async () => {
      const under = await superseded();
      const second = await under.published();
      expect(second.user).toBe(under.first.user);
      expect(await under.logsIn(under.first)).toBe(true);
      expect(await under.logsIn(second)).toBe(true);
      for (const password of ['', 'AThirdPassword0001']) {
        expect(await under.logsIn({ user: second.user, password })).toBe(false);
      }
    });

    it('waits for the longest lifetime and not for sessions, which have the same name before and after', async () => {
      const under = await superseded(60_000);
      const held = await under.login(under.first);
      const waits = { outcome: 'waiting', holders: [], until: expect.any(Date) as Date };
      expect(await under.rotator.retire()).toMatchObject(waits);
      expect(await under.rotator.advance()).toMatchObject(waits);
      expect(await under.logsIn(under.first)).toBe(true);
      await under.age(61_000);
      expect(await under.rotator.retire()).toMatchObject({ outcome: 'retired' });
      expect(await under.logsIn(under.first)).toBe(false);
      expect(await under.logsIn(await under.published())).toBe(true);
      await held.close();
    });

    it('retires the earlier password before it gives the user another one', async () => {
      const under = await superseded();
      const second = await under.published();
      expect(await under.rotator.advance()).toMatchObject({ outcome: 'advanced', generation: 3 });
      expect((await under.events()).slice(-5)).toEqual(['locked 1', 'retired 1', 'decided 3', 'set 3', 'finished 3']);
      expect(await under.logsIn(under.first)).toBe(false);
      expect(await under.logsIn(second)).toBe(true);
      expect(await under.logsIn(await under.published())).toBe(true);
    });

    it('takes no second password away that it does not know, unless forced', async () => {
      const under = await superseded();
      await under.rotator.retire();
      const published = await under.published();
      await under.addPassword(published.user, 'AddedByHand000001');
      await expect(under.rotator.advance()).rejects.toThrow(
        `${published.user} has a second password that the journal does not know, and a new one would take it away.`,
      );
      expect(await under.logsIn(published)).toBe(true);
      expect(await under.logsIn({ ...published, password: 'AddedByHand000001' })).toBe(true);
      expect(await under.rotator.advance({ force: { reason: 'nobody uses it' } })).toMatchObject({ generation: 3 });
      expect(await under.logsIn(published)).toBe(false);
      expect(await under.logsIn(await under.published())).toBe(true);
    });

    it('keeps the published password when a candidate is replaced after it was set', async () => {
      const under = await superseded();
      await under.rotator.retire();
      const published = await under.published();
      const lost = { token: 'lost', generation: 3, user: published.user, version: 'lost', attempt: 1 };
      const intent = { ...lost, replaces: published.version };
      await under.session((open) => open.decide(intent));
      await under.session((open) => open.set(intent, 'LostWithItsStore01'));
      expect(await under.logsIn({ ...published, password: 'LostWithItsStore01' })).toBe(true);
      expect(await under.rotator.resume()).toMatchObject({ outcome: 'advanced', generation: 3 });
      expect(await under.logsIn({ ...published, password: 'LostWithItsStore01' })).toBe(false);
      expect(await under.logsIn(published)).toBe(true);
      expect(await under.logsIn(await under.published())).toBe(true);
    });

    it('goes back to the earlier password while it is there, and both stay', async () => {
      const under = await superseded();
      const second = await under.published();
      expect(await under.rotator.rollback({ reason: 'the new one breaks' })).toMatchObject({ generation: 3 });
      expect((await under.published()).password).toBe(under.first.password);
      expect(await under.logsIn(under.first)).toBe(true);
      expect(await under.logsIn(second)).toBe(true);
    });

    it('takes a password that somebody else has seen away at once', async () => {
      const under = await superseded(60_000);
      const seen = await under.published();
      expect(await under.rotator.compromised({ reason: 'in a log' })).toMatchObject({
        outcome: 'replaced',
        generation: 3,
      });
      expect(await under.logsIn(seen)).toBe(false);
      expect(await under.logsIn(under.first)).toBe(false);
      expect(await under.logsIn(await under.published())).toBe(true);
    });
  });
}

/** What a database must do that re-keys the one user there is, and the time in which its published password is refused. */
export function singleUserContract(name: string, make: () => Promise<SoleUserUnderTest>): void {
  async function scene(): Promise<Scene & { readonly first: StoredCredential }> {
    const made = await sceneOf(await make(), 'single-user', 60_000);
    const result = await made.rotator.advance();
    expect(result).toMatchObject({ outcome: 'advanced', generation: 1, superseded: undefined });
    expect(result).not.toHaveProperty('windowMs');
    return { ...made, first: await made.published() };
  }

  describe(`${name} with a single user`, () => {
    it('re-keys it whoever is logged in, and says for how long the published password was refused', async () => {
      const under = await scene();
      const held = await under.login(under.first);
      const result = await under.rotator.advance();
      expect(result).toEqual({
        outcome: 'advanced',
        generation: 2,
        published: under.first.user,
        superseded: undefined,
        windowMs: expect.any(Number) as number,
      });
      const finished = (await under.session((open) => open.journal())).at(-1);
      expect(finished).toMatchObject({ event: 'finished', detail: { windowMs: expect.any(Number) as number } });
      expect(await under.logsIn(under.first)).toBe(false);
      expect(await under.logsIn(await under.published())).toBe(true);
      await held.close();
    });

    it('counts the time that a rotator was gone between re-key and publication', async () => {
      const under = await scene();
      const { user, version: replaces } = under.first;
      const version = await under.store.writePending(
        { user, password: 'SetAndThenGone0001', generation: 2 },
        { token: 'gone' },
      );
      const intent = { token: 'gone', generation: 2, user, version, replaces, attempt: 1 };
      await under.session((open) => open.decide(intent));
      await under.session((open) => open.set(intent, 'SetAndThenGone0001'));
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect(await under.logsIn(under.first)).toBe(false);
      const result = await under.rotator.resume();
      expect(result).toMatchObject({ outcome: 'advanced', generation: 2 });
      expect('windowMs' in result && result.windowMs).toBeGreaterThanOrEqual(120);
      expect(await under.logsIn(await under.published())).toBe(true);
    });

    it('has nothing to retire and nothing to go back to', async () => {
      const under = await scene();
      await under.rotator.advance();
      expect(await under.rotator.retire()).toEqual({ outcome: 'nothing', holders: [] });
      expect(await under.rotator.rollback({ reason: 'the new one breaks' })).toMatchObject({ outcome: 'refused' });
    });

    it('ends the sessions of a password that somebody else has seen', async () => {
      const under = await scene();
      const held = await under.login(under.first);
      expect(await under.rotator.compromised({ reason: 'in a log' })).toMatchObject({
        outcome: 'replaced',
        generation: 2,
        ended: [{ user: under.first.user }],
      });
      expect(await under.logsIn(under.first)).toBe(false);
      await held.close().catch(() => undefined);
    });
  });
}
