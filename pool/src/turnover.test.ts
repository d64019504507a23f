import { setTimeout as after } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { HeldCredential } from './held-credential.js';
import { eventually } from './testing/postgres-pair.js';
import { type Connection, Turnover } from './turnover.js';

interface Fake extends Connection {
  idleSince: number;
  busy: boolean;
}

const credential = (generation: number): HeldCredential =>
  new HeldCredential({ user: generation % 2 ? 'a' : 'b', password: 'p', generation });

/** A full pool of older connections; it notes how many there were whenever one was closed or opened. */
function fullPool(size: number, { idleSince = Date.now() + 60_000, busy = false, proven = true } = {}) {
  const [older, newer] = [credential(1), credential(2)];
  const turnover = new Turnover<Fake>();
  const members = new Set<Fake>();
  const seen = { least: size, most: size, opening: 0, mostOpening: 0, opened: 0, refusing: false };
  for (let count = 0; count < size; count += 1) members.add({ credential: older, idleSince, busy });
  const review = (member: Fake): void => {
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
      members.add({ credential: newer, idleSince: Date.now(), busy: false });
      seen.most = Math.max(seen.most, members.size + seen.opening);
    },
    reviewIdle: () => {
      for (const member of [...members]) if (!member.busy) review(member);
    },
  };
  const release = (member: Fake): void => {
    Object.assign(member, { busy: false, idleSince: Date.now() });
    review(member);
  };
  const old = (): Fake[] => [...members].filter((member) => member.credential === older);
  return { turnover, berths, members, seen, release, old };
}

describe('after a rotation', () => {
  it('connections in the traffic are replaced one at a time, and the pool is never more than one short', async () => {
    const { turnover, berths, members, seen, old } = fullPool(6);
    turnover.begin(old(), 120, berths);
    expect(old()).toHaveLength(6);
    await eventually(() => old().length === 0 && members.size === 6);
    expect(seen).toMatchObject({ least: 5, most: 6, mostOpening: 1, opened: 6 });
  });

  it('the new connection comes first where there is room for both', async () => {
    const { turnover, berths, members, seen, old } = fullPool(3);
    members.delete(old()[0] as Fake);
    turnover.begin(old(), 60, berths);
    await eventually(() => old().length === 0);
    expect(seen).toMatchObject({ least: 2, most: 3, opened: 2 });
  });

  it('those that nobody used for as long close at once, and nobody opens others for them', async () => {
    const { turnover, berths, members, seen, old } = fullPool(4, { idleSince: Date.now() - 1_000 });
    turnover.begin(old(), 100, berths);
    expect(members.size).toBe(0);
    await after(150);
    expect(seen.opened).toBe(0);
  });

  it('those that are not to be kept close at once', () => {
    const { turnover, berths, members, old } = fullPool(4);
    turnover.begin([], 100, berths);
    expect(members.size).toBe(0);
    expect(old()).toEqual([]);
  });

  it('with 0 all close at once', () => {
    const { turnover, berths, members, old } = fullPool(4);
    turnover.begin(old(), 0, berths);
    expect(members.size).toBe(0);
  });

  it('one in use is replaced when it comes free', async () => {
    const { turnover, berths, members, seen, release, old } = fullPool(1, { busy: true });
    turnover.begin(old(), 10, berths);
    await after(50);
    expect(seen.opened).toBe(0);
    release(old()[0] as Fake);
    await eventually(() => members.size === 1 && seen.opened === 1);
    expect(old()).toEqual([]);
  });

  it('no other is given up while the server takes no new connections', async () => {
    const { turnover, berths, members, seen, old } = fullPool(4);
    seen.refusing = true;
    turnover.begin(old(), 40, berths);
    await after(400);
    expect(members.size).toBe(3);
    seen.refusing = false;
    await eventually(() => old().length === 0);
    expect(members.size).toBe(3);
  });

  it('the next rotation closes what the last one had kept', async () => {
    const { turnover, berths, members, old } = fullPool(4);
    turnover.begin(old(), 10_000, berths);
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
