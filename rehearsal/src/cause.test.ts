import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { failureCauses } from '@keyturn/plan';

import { causeOf } from './cause.js';
import type { Evidence, InstanceEvidence, Login } from './evidence.js';

/** The re-key is sent at 100 and acknowledged at 110; the source follows at 200. */
const base: Evidence = {
  source: [
    { at: 0, credential: 'old' },
    { at: 200, credential: 'new' },
  ],
  database: [
    { credential: 'old', from: 0, ending: { begunAt: 100, doneAt: 110 } },
    { credential: 'new', from: 100 },
  ],
  instances: [],
};

const login = (credential: string | undefined, at: number, refused = '28P01'): Login => ({
  user: 'app',
  ...(credential === undefined ? {} : { credential }),
  begunAt: at - 2,
  endedAt: at,
  refused,
});

function instance(name: string, evidence: Partial<InstanceEvidence>): InstanceEvidence {
  return { instance: name, startedAt: 0, reads: [{ at: 1, credential: 'old' }], logins: [], ...evidence };
}

const failed = (at: number) => ({ instance: 'one', sentAt: at - 5, endedAt: at + 1 });

function cause(at: number, instances: readonly InstanceEvidence[], changes: Partial<Evidence> = {}) {
  return causeOf(failed(at), { ...base, ...changes, instances });
}

const other = instance('two', {});
const restarted = instance('two', { startedAt: 210, reads: [{ at: 215, credential: 'new' }] });

describe('the cause of a failed query', () => {
  it.each([
    {
      name: 'the credential was read before the re-key and used after, and the source has no newer one',
      got: cause(150, [instance('one', { logins: [login('old', 150)] }), other]),
      is: 'race',
    },
    {
      name: 'the login was refused while the re-key was on its way',
      got: cause(105, [instance('one', { logins: [login('old', 105)] }), other]),
      is: 'race',
    },
    {
      name: 'the login was refused before the re-key was sent',
      got: cause(99, [instance('one', { logins: [login('old', 99)] }), other]),
      is: 'unknown',
    },
    {
      name: 'the retired credential came out of the source after it was ended',
      got: cause(150, [instance('one', { reads: [{ at: 120, credential: 'old' }], logins: [login('old', 150)] })]),
      is: 'unknown',
    },
    {
      name: 'the login began before the source changed',
      got: cause(201, [instance('one', { logins: [login('old', 201)] }), other]),
      is: 'race',
    },
    {
      name: 'the login began after the source changed, and nobody has read the newer one',
      got: cause(202, [instance('one', { logins: [login('old', 202)] }), other]),
      is: 'configNotReloaded',
    },
    {
      name: 'another instance has read the newer one',
      got: cause(250, [instance('one', { logins: [login('old', 250)] }), restarted]),
      is: 'partialDeployment',
    },
    {
      name: 'another instance has read the newer one later than this login',
      got: cause(214, [instance('one', { logins: [login('old', 214)] }), restarted]),
      is: 'configNotReloaded',
    },
    {
      name: 'the other instance that had read the newer one has ended',
      got: cause(250, [instance('one', { logins: [login('old', 250)] }), { ...restarted, endedAt: 240 }]),
      is: 'configNotReloaded',
    },
    {
      name: 'the newer one was read, and the pool still offers the older',
      got: cause(250, [
        instance('one', {
          reads: [
            { at: 1, credential: 'old' },
            { at: 220, credential: 'new' },
          ],
          logins: [login('old', 250)],
        }),
        restarted,
      ]),
      is: 'poolNotDrained',
    },
    ...['1045', '3118', '4151'].map((number) => ({
      name: `MySQL or MariaDB refused it with ${number}`,
      got: cause(150, [instance('one', { logins: [login('old', 150, number)] }), other]),
      is: 'race' as const,
    })),
    {
      name: 'MySQL had no room for one more',
      got: cause(150, [instance('one', { logins: [login('old', 150, '1040')] }), other]),
      is: 'unknown' as const,
    },
    {
      name: 'a retired user is refused with 28000',
      got: cause(250, [
        instance('one', { reads: [{ at: 220, credential: 'new' }], logins: [login('old', 250, '28000')] }),
      ]),
      is: 'poolNotDrained',
    },
    {
      name: 'the pair never existed',
      got: cause(250, [instance('one', { logins: [login('mixed', 250)] }), restarted]),
      is: 'wrongSecret',
    },
    {
      name: 'the pair was published before the database took it',
      got: cause(250, [instance('one', { reads: [{ at: 220, credential: 'early' }], logins: [login('early', 250)] })], {
        database: [...base.database, { credential: 'early', from: 300 }],
      }),
      is: 'wrongSecret',
    },
    {
      name: 'the network failed',
      got: cause(250, [instance('one', { logins: [login('old', 250, 'ECONNREFUSED')] }), restarted]),
      is: 'unknown',
    },
    {
      name: 'no password was asked for',
      got: cause(250, [instance('one', { logins: [login(undefined, 250)] }), restarted]),
      is: 'unknown',
    },
    {
      name: 'no login was refused during the query',
      got: cause(250, [instance('one', { logins: [login('old', 244), login('old', 252)] }), restarted]),
      is: 'unknown',
    },
    {
      name: 'the login that was refused belongs to another instance',
      got: cause(250, [instance('one', {}), { ...restarted, logins: [login('old', 250)] }]),
      is: 'unknown',
    },
    {
      name: 'the query was answered by a process that is not known',
      got: cause(250, [restarted]),
      is: 'unknown',
    },
  ])('$is: $name', ({ got, is }) => {
    expect(got).toBe(is);
  });

  it('is told from the last of several refused logins', () => {
    const one = instance('one', { logins: [login('mixed', 247), login('old', 249)] });
    expect(cause(250, [one, restarted])).toBe('partialDeployment');
  });

  it('is one of the six, whatever the evidence', () => {
    const credential = fc.constantFrom('old', 'new', 'mixed');
    const time = fc.integer({ min: 0, max: 300 });
    const held = fc.array(fc.record({ at: time, credential }), { maxLength: 4 });
    const process = fc.record({
      instance: fc.constantFrom('one', 'two'),
      startedAt: time,
      reads: held,
      logins: fc.array(
        fc.tuple(credential, time).map(([used, at]) => login(used, at)),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(fc.array(process, { maxLength: 4 }), held, time, (instances, source, at) => {
        const found = causeOf(failed(at), { ...base, source, instances });
        expect(failureCauses).toContain(found);
        if (!instances.some(({ logins }) => logins.length > 0)) expect(found).toBe('unknown');
      }),
    );
  });
});
