import { setTimeout as after } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { HeldCredential } from './held-credential.js';
import { eventually } from './testing/postgres-pair.js';
import { type Connection, Turnover } from './turnover.js';

const credential = (generation: number): HeldCredential =>
  new HeldCredential({ user: generation % 2 ? 'a' : 'b', password: 'p', generation });

/** A full pool of older connections; it notes how many there were whenever one was closed or opened. */
function fullPool(size: number, { busy = false, proven = true } = {}) {
  const [older, newer] = [credential(1), credential(2)];
  const turnover = new Turnover<Connection>();
  const members = new Set<Connection>();
  const seen = { least: size, most: size, opening: 0, mostOpening: 0, opened: 0, refusing: false };
  for (let count = 0; count < size; count += 1) members.add({ credential: older, isInUse: busy });
  const review = (member: Connection): void => {
    const closed = turnover.giveUp(member, proven && member.credential === older);
    if (!closed) return;
    members.delete(member);
    closed();
    seen.least = Math.min(seen.least, members.size);
  };
  const berths = {
    isEnding: () => false,
    hasRoom: () => members.size + seen.opening < size,
    open: async () => {
      seen.opening += 1;
      seen.mostOpening = Math.max(seen.mostOpening, seen.opening);
      await after(5);
      seen.opening -= 1;
      if (seen.refusing) throw new Error('too many connections');
      seen.opened += 1;
      members.add({ credential: newer, isInUse: false });
      seen.most = Math.max(seen.most, members.size + seen.opening);
    },
    reviewIdle: () => {
      for (const member of [...members]) if (!member.isInUse) review(member);
    },
  };
  const release = (member: Connection): void => {
    member.isInUse = false;
    review(member);
  };
  const old = (): Connection[] => [...members].filter((member) => member.credential === older);
  const begin = (withinMillis: number, { used = true } = {}): void => {
    const kept = old();
    turnover.begin(kept, withinMillis, berths);
    if (used) for (const member of kept) turnover.use(member);
  };
  return { turnover, berths, members, seen, release, old, begin };
}

describe('after a rotation', () => {
  it('connections in the traffic are replaced one at a time, and the pool is never more than one short', async () => {
    const { members, seen, old, begin } = fullPool(6);
    begin(120);
    expect(old()).toHaveLength(6);
    await eventually(() => old().length === 0 && members.size === 6);
    expect(seen).toMatchObject({ least: 5, most: 6, mostOpening: 1, opened: 6 });
  });

  it('the new connection comes first where there is room for both', async () => {
    const { members, seen, old, begin } = fullPool(3);
    members.delete(old()[0] as Connection);
    begin(60);
    await eventually(() => old().length === 0);
    expect(seen).toMatchObject({ least: 2, most: 3, opened: 2 });
  });

  it('those that the application has not used since close at the end, and nobody opens others for them', async () => {
    const { members, seen, begin } = fullPool(4);
    begin(100, { used: false });
    await after(50);
    expect(members.size).toBe(4);
    await eventually(() => members.size === 0);
    expect(seen.opened).toBe(0);
  });

  it('those that are not to be kept close at once', () => {
    const { turnover, berths, members, old } = fullPool(4);
    turnover.begin([], 100, berths);
    expect(members.size).toBe(0);
    expect(old()).toEqual([]);
  });

  it('with 0 all close at once', () => {
    const { members, begin } = fullPool(4);
    begin(0);
    expect(members.size).toBe(0);
  });

  it('one in use is replaced when it comes free', async () => {
    const { members, seen, release, old, begin } = fullPool(1, { busy: true });
    begin(10);
    await after(50);
    expect(seen.opened).toBe(0);
    release(old()[0] as Connection);
    await eventually(() => members.size === 1 && seen.opened === 1);
    expect(old()).toEqual([]);
  });

  it('no other is given up while the server takes no new connections', async () => {
    const { members, seen, old, begin } = fullPool(4);
    seen.refusing = true;
    begin(40);
    await after(400);
    expect(members.size).toBe(3);
    seen.refusing = false;
    await eventually(() => old().length === 0);
    expect(members.size).toBe(3);
  });

  it('the next rotation closes what the last one had kept', async () => {
    const { turnover, berths, members, begin } = fullPool(4);
    begin(10_000);
    expect(members.size).toBe(4);
    turnover.begin([], 10_000, berths);
    expect(members.size).toBe(0);
  });
});

describe('the login that proves a credential', () => {
  it('takes the place of one connection when the pool is full', async () => {
    const { turnover, berths, members, seen } = fullPool(4, { proven: false });
    await turnover.prove(berths);
    expect(members.size).toBe(4);
    expect(seen).toMatchObject({ least: 3, most: 4, opened: 1 });
  });

  it('waits for a connection that comes free, and no longer than until the credential is proven elsewhere', async () => {
    const { turnover, berths, seen } = fullPool(2, { busy: true, proven: false });
    const proven = turnover.prove(berths);
    expect(turnover.needsPlace).toBe(true);
    turnover.proven();
    await proven;
    expect(turnover.needsPlace).toBe(false);
    expect(seen.opened).toBe(0);
  });
});
