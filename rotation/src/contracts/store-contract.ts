import { describe, expect, it } from 'vitest';

import { tokenOf } from '../intent.js';
import { type Store, StoreConflictError, StoreError } from '../store.js';

/** A store under test, and the same store as another process would open it. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Opens the same secret once more; leave out for a store that lives in one process. */
  reopen?(): Store;
}

const first = { user: 'app_a', password: 'FirstPassword0001', generation: 1 };
const second = { user: 'app_b', password: 'SecondPassword002', generation: 2 };
const third = { user: 'app_a', password: 'ThirdPassword0003', generation: 3 };

/** In the form that the engine gives them: some stores take no other. */
const tokens = { one: tokenOf('contract', 1, 1), two: tokenOf('contract', 2, 1), three: tokenOf('contract', 3, 1) };

/** What every store must do. Registers tests; `make` is called once per test and returns an empty store. */
export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    it('has nothing published at first', async () => {
      const { store } = await make();
      expect(await store.readPublished()).toBeUndefined();
      expect(await store.readVersion('no-such-version')).toBeUndefined();
    });

    it('keeps a candidate out of sight until it is published', async () => {
      const { store } = await make();
      const version = await store.writePending(first, { token: tokens.one });
      expect(await store.readPublished()).toBeUndefined();
      expect(await store.readVersion(version)).toEqual({ ...first, version, stage: 'pending' });
    });

    it('gives a retry the candidate of the first try, also after it was published', async () => {
      const { store } = await make();
      const version = await store.writePending(first, { token: tokens.one });
      expect(await store.writePending({ ...first, password: 'AnotherPassword01' }, { token: tokens.one })).toBe(
        version,
      );
      await store.publish(version, { expectedCurrent: undefined });
      expect(await store.writePending({ ...first, password: 'AnotherPassword01' }, { token: tokens.one })).toBe(
        version,
      );
      expect((await store.readVersion(version))?.password).toBe(first.password);
    });

    it('gives two rotators with one token the same candidate', async () => {
      const { store, reopen } = await make();
      const other = reopen?.() ?? store;
      const versions = await Promise.all([
        store.writePending(first, { token: tokens.one }),
        other.writePending({ ...first, password: 'AnotherPassword01' }, { token: tokens.one }),
      ]);
      expect(versions[0]).toBe(versions[1]);
    });

    it('publishes, and keeps what was published before', async () => {
      const { store } = await make();
      const one = await store.writePending(first, { token: tokens.one });
      await store.publish(one, { expectedCurrent: undefined });
      const two = await store.writePending(second, { token: tokens.two });
      expect(await store.readPublished()).toEqual({ ...first, version: one, stage: 'current' });
      await store.publish(two, { expectedCurrent: one });
      expect(await store.readPublished()).toEqual({ ...second, version: two, stage: 'current' });
      expect(await store.readVersion(one)).toEqual({ ...first, version: one, stage: 'previous' });
    });

    it('publishes the same version twice without harm, whatever was expected', async () => {
      const { store } = await make();
      const one = await store.writePending(first, { token: tokens.one });
      await store.publish(one, { expectedCurrent: undefined });
      await store.publish(one, { expectedCurrent: undefined });
      expect(await store.readPublished()).toEqual({ ...first, version: one, stage: 'current' });
    });

    it('publishes nothing when somebody else did', async () => {
      const { store } = await make();
      const one = await store.writePending(first, { token: tokens.one });
      const two = await store.writePending(second, { token: tokens.two });
      const three = await store.writePending(third, { token: tokens.three });
      await store.publish(one, { expectedCurrent: undefined });
      await store.publish(two, { expectedCurrent: one });
      await expect(store.publish(three, { expectedCurrent: one })).rejects.toThrow(StoreConflictError);
      expect((await store.readPublished())?.version).toBe(two);
    });

    it('publishes no version that it does not hold', async () => {
      const { store } = await make();
      await expect(store.publish('no-such-version', { expectedCurrent: undefined })).rejects.toThrow(StoreError);
      expect(await store.readPublished()).toBeUndefined();
    });

    it('forgets a candidate, and never what was published', async () => {
      const { store } = await make();
      const one = await store.writePending(first, { token: tokens.one });
      await store.publish(one, { expectedCurrent: undefined });
      const two = await store.writePending(second, { token: tokens.two });
      await store.discardPending(two);
      await store.discardPending(two);
      await store.discardPending(one);
      expect(await store.readVersion(two)).toBeUndefined();
      expect((await store.readPublished())?.version).toBe(one);
    });

    it('is read the same by another process', async () => {
      const { store, reopen } = await make();
      const other = reopen?.() ?? store;
      const one = await store.writePending(first, { token: tokens.one });
      expect(await other.readVersion(one)).toEqual({ ...first, version: one, stage: 'pending' });
      await other.publish(one, { expectedCurrent: undefined });
      expect(await store.readPublished()).toEqual({ ...first, version: one, stage: 'current' });
    });
  });
}
