import { setTimeout as sleep } from 'node:timers/promises';

import { type Evidence, summaryOf } from '@keyturn/rehearsal';
import { createRotator, type Rotator, type RotatorOptions, type Store } from '@keyturn/rotation';
import { describe, expect, it } from 'vitest';

import { type Parts, parts, publishedAfterTest, type Rehearsed, withKeyturn } from '../examples/demo/keyturn.js';
import { openStage } from '../examples/demo/stage.js';

const options = { seconds: 4, instances: 2, rate: 40, report: '', json: true };

/** The phase with keyturn, made of the real parts but for those that are given. */
async function rehearse(changed: Partial<Parts> = {}): Promise<Rehearsed> {
  const stage = await openStage(options.instances);
  try {
    const never = new AbortController().signal;
    return await withKeyturn(stage, options, never, () => undefined, { ...parts, ...changed });
  } finally {
    await stage.end();
  }
}

/** What does not hold, without the names of users and generations. */
function broken({ record, proofs }: Rehearsed): string[] {
  const claims = proofs.filter((proof) => !proof.holds).map((proof) => proof.claim.replace(/^shop_[ab]/, 'the user'));
  const { failed } = summaryOf(record);
  return [...new Set([...claims, ...(failed > 0 ? ['no query fails'] : [])])];
}

const force = { reason: 'broken on purpose' };

/** Goes through the gate by force. */
function withoutGate(rotator: RotatorOptions): Rotator {
  const real = createRotator(rotator);
  return { ...real, advance: () => real.advance({ force }), retire: () => real.retire({ force }) };
}

/** Retires within the advance, when nobody can have followed yet. */
function retiringAtOnce(rotator: RotatorOptions): Rotator {
  const real = createRotator(rotator);
  return {
    ...real,
    advance: async () => {
      const advanced = await real.advance({ force });
      await real.retire({ force });
      return advanced;
    },
  };
}

/** Publishes a candidate as soon as it is there, before the database took it. */
function publishingFirst(rotator: RotatorOptions): Rotator {
  const { store } = rotator;
  const early: Store = {
    name: store.name,
    readPublished: () => store.readPublished(),
    readVersion: (version) => store.readVersion(version),
    discardPending: (version) => store.discardPending(version),
    publish: (version, expected) => store.publish(version, expected),
    writePending: async (credential, token) => {
      const expectedCurrent = (await store.readPublished())?.version;
      const version = await store.writePending(credential, token);
      await store.publish(version, { expectedCurrent });
      await sleep(500);
      return version;
    },
  };
  return createRotator({ ...rotator, store: early });
}

describe('the phase with keyturn', () => {
  it('notices that there is no drain gate, when an instance has not followed', async () => {
    const found = await rehearse({ app: 'before', createRotator: withoutGate });
    expect(broken(found)).toEqual(['the user is drained before it is switched off', 'no query fails']);
    const { causes, failed } = summaryOf(found.record);
    expect(causes.configNotReloaded).toBe(failed);
  });

  it('notices that the superseded user is retired right after finish', async () => {
    expect(broken(await rehearse({ createRotator: retiringAtOnce }))).toContain(
      'the user works until it is switched off',
    );
  });

  it('is held up by a pool that does not refresh', async () => {
    await expect(rehearse({ app: 'before', patienceMs: 4_000 })).rejects.toThrow(/^shop_a still has \d+ sessions?: /);
  });

  it('is held up by a credential that is published before the database takes it, for pools keep the one that works', async () => {
    await expect(rehearse({ createRotator: publishingFirst, patienceMs: 4_000 })).rejects.toThrow(
      /^shop_a still has \d+ sessions?: /,
    );
  });
});

describe('the proof that every credential worked before an instance read it', () => {
  const evidence = (reads: { at: number; credential: string }[]): Evidence => ({
    source: [],
    database: [{ credential: 'new', from: 10 }],
    instances: [{ instance: 'instance 1', startedAt: 0, reads, logins: [] }],
  });

  it.each([
    { name: 'read when it worked', reads: [{ at: 10, credential: 'new' }], holds: true },
    { name: 'read before it worked', reads: [{ at: 9, credential: 'new' }], holds: false },
    { name: 'read, and it never worked', reads: [{ at: 11, credential: 'mixed' }], holds: false },
    { name: 'nothing was read', reads: [], holds: false },
  ])('$name: $holds', ({ reads, holds }) => {
    expect(publishedAfterTest({ evidence: evidence(reads) }).holds).toBe(holds);
  });
});
