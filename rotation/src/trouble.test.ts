import { expect, it } from 'vitest';

import { troubleOf } from './trouble.js';

const coded = (code: string, message = 'it failed'): Error => Object.assign(new Error(message), { code });

it.each([
  { what: 'a wrong password', error: coded('28P01'), kind: 'authentication' },
  { what: 'a user that is switched off', error: coded('28000'), kind: 'authentication' },
  {
    what: 'a wrapped wrong password',
    error: new Error('query failed', { cause: coded('28P01') }),
    kind: 'authentication',
  },
  { what: 'nobody listening', error: coded('ECONNREFUSED'), kind: 'network' },
  { what: 'both addresses of a name refusing', error: new AggregateError([coded('ECONNREFUSED')]), kind: 'network' },
  { what: 'a connection cut', error: new Error('Connection terminated unexpectedly'), kind: 'network' },
  { what: 'a server shutting down', error: coded('57P01'), kind: 'network' },
  { what: 'a server starting up', error: coded('57P03'), kind: 'network' },
  { what: 'no connections left', error: coded('53300'), kind: 'network' },
  { what: 'a connection exception', error: coded('08006'), kind: 'network' },
  { what: 'a refused password', error: coded('22023'), kind: 'policy' },
  { what: 'a missing right', error: coded('42501'), kind: 'permission' },
  { what: 'a server without TLS', error: new Error('The server does not support SSL connections'), kind: 'tls' },
  { what: 'an unknown authority', error: coded('SELF_SIGNED_CERT_IN_CHAIN'), kind: 'tls' },
  { what: 'another certificate', error: coded('ERR_TLS_CERT_ALTNAME_INVALID'), kind: 'tls' },
  { what: 'a syntax error', error: coded('42601'), kind: 'other' },
  { what: 'something that is no error', error: undefined, kind: 'other' },
] as const)('$what is trouble of kind $kind', ({ error, kind }) => {
  expect(troubleOf(error)).toBe(kind);
});

it('comes to an end with an error that is its own cause', () => {
  const error: Error & { cause?: unknown } = new Error('round');
  error.cause = error;
  expect(troubleOf(error)).toBe('other');
});
