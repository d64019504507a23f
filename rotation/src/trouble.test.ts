import { expect, it } from 'vitest';

import { troubleOf } from './trouble.js';

const coded = (code: string, message = 'it failed'): Error => Object.assign(new Error(message), { code });

const numbered = (errno: number, code: string): Error => Object.assign(new Error('it failed'), { errno, code });

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
  { what: 'a wrong password on MySQL', error: numbered(1045, 'ER_ACCESS_DENIED_ERROR'), kind: 'authentication' },
  { what: 'a locked account on MySQL', error: numbered(3118, 'ER_ACCOUNT_HAS_BEEN_LOCKED'), kind: 'authentication' },
  { what: 'a locked account on MariaDB', error: numbered(4151, 'ER_ACCOUNT_HAS_BEEN_LOCKED'), kind: 'authentication' },
  { what: 'a weak password on MySQL', error: numbered(1819, 'ER_NOT_VALID_PASSWORD'), kind: 'policy' },
  { what: 'a missing right on MySQL', error: numbered(1227, 'ER_SPECIFIC_ACCESS_DENIED_ERROR'), kind: 'permission' },
  { what: 'a table that is not shown', error: numbered(1142, 'ER_TABLEACCESS_DENIED_ERROR'), kind: 'permission' },
  { what: 'a database that is not shown', error: numbered(1044, 'ER_DBACCESS_DENIED_ERROR'), kind: 'permission' },
  { what: 'a MySQL that shuts down', error: numbered(1053, 'ER_SERVER_SHUTDOWN'), kind: 'network' },
  { what: 'a MySQL connection cut', error: coded('PROTOCOL_CONNECTION_LOST'), kind: 'network' },
  { what: 'a MySQL without TLS', error: coded('HANDSHAKE_NO_SSL_SUPPORT'), kind: 'tls' },
  { what: 'a MySQL syntax error', error: numbered(1064, 'ER_PARSE_ERROR'), kind: 'other' },
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
