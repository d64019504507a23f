import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type ConsumerInstance, evidenceOf, type Observation } from './evidence.js';

const published = Date.UTC(2030, 0, 1);
const inPlaceAt = published + 60_000;
const question = { user: 'app_a', generation: 3, publishedAt: published, consumers: [{ name: 'batch', inPlaceAt }] };
const later = new Date(inPlaceAt + 3_600_000);

async function heldBy(instances: readonly ConsumerInstance[] | undefined, asOf = later) {
  const seen: Observation = { asOf, consumers: instances === undefined ? { web: [] } : { batch: instances } };
  const holders = await evidenceOf(() => Promise.resolve(seen))(question);
  return holders.map(({ application }) => application);
}

describe('evidenceOf', () => {
  it.each([
    { name: 'started a millisecond after it was in place', one: { startedAt: new Date(inPlaceAt + 1) }, holds: false },
    { name: 'started at that instant', one: { startedAt: new Date(inPlaceAt) }, holds: true },
    {
      name: 'started after the publication, while it was not yet in place',
      one: { startedAt: new Date(published + 1) },
      holds: true,
    },
    { name: 'names the generation', one: { generation: 3, startedAt: new Date(0) }, holds: false },
    { name: 'names a later one', one: { generation: 4 }, holds: false },
    { name: 'names the one before, however late it started', one: { generation: 2, startedAt: later }, holds: true },
    { name: 'says nothing', one: {}, holds: true },
  ])('an instance that $name: $holds', async ({ one, holds }) => {
    expect(await heldBy([{ name: 'batch-7', ...one }])).toEqual(holds ? ['batch-7'] : []);
  });

  it('takes an empty list as a statement, and a missing one as none', async () => {
    expect(await heldBy([])).toEqual([]);
    expect(await heldBy(undefined)).toEqual(['no evidence about it']);
  });

  it('counts for nothing when it is from before the newer one was in place', async () => {
    expect(await heldBy([], new Date(inPlaceAt - 1))).toEqual([
      'evidence of 2030-01-01T00:00:59.999Z, from before the newer one was in place',
    ]);
    expect(await heldBy([], new Date(inPlaceAt))).toEqual([]);
  });

  it('never passes an instance that started before and names nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -10, max: 10 }), { maxLength: 8 }), async (offsets) => {
        const instances = offsets.map((offset, index) => ({
          name: `${index}`,
          startedAt: new Date(inPlaceAt + offset),
        }));
        expect(await heldBy(instances)).toHaveLength(offsets.filter((offset) => offset <= 0).length);
      }),
    );
  });
});
