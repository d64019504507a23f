import { describe, expect, it } from 'vitest';

import { isAuthenticationError } from './authentication-errors.js';

const circular: { cause?: unknown } = {};
circular.cause = circular;

describe('isAuthenticationError', () => {
  it.each([
    { name: 'a wrong password', error: { code: '28P01' }, is: true },
    { name: 'a role without LOGIN', error: { code: '28000' }, is: true },
    { name: 'MySQL access denied', error: { errno: 1045 }, is: true },
    { name: 'a locked MySQL account', error: { errno: 3118 }, is: true },
    { name: 'a locked MariaDB account', error: { errno: 4151 }, is: true },
    ...[
      'SASL authentication failed',
      'password authentication failed',
      'no such user',
      'no such user: app',
      'auth failed',
      'server login failed: FATAL password authentication failed for user "app"',
      'server login has been failing, cached error: password authentication failed for user "app" (server_login_retry)',
      'server login has been failing, try again later (server_login_retry), cached error: role "app" is not permitted to log in',
    ].map((message) => ({ name: `PgBouncer: ${message}`, error: { code: '08P01', message }, is: true })),
    ...[
      'no such database: app',
      'server login has been failing, cached error: connect timeout (server_login_retry)',
      'client unexpected eof',
      'the database system is shutting down: auth failed',
    ].map((message) => ({ name: `PgBouncer: ${message}`, error: { code: '08P01', message }, is: false })),
    { name: 'another error with the text of a pooler', error: { code: '57P01', message: 'auth failed' }, is: false },
    { name: 'wrapped by Drizzle', error: new Error('x', { cause: { code: '28P01' } }), is: true },
    { name: 'wrapped by Sequelize', error: { original: { code: '28000' } }, is: true },
    {
      name: 'the MariaDB pool, which hides it behind a timeout',
      error: { errno: 45_028, cause: { errno: 1045 } },
      is: true,
    },
    { name: 'a refused connection', error: { code: 'ECONNREFUSED', errno: -111 }, is: false },
    { name: 'a rejected password policy', error: { errno: 1819 }, is: false },
    { name: 'missing rights', error: { code: '42501' }, is: false },
    { name: 'too many connections', error: { code: '53300' }, is: false },
    { name: 'a circle of causes', error: circular, is: false },
    { name: 'nothing', error: undefined, is: false },
    { name: 'text that only talks about it', error: '28P01', is: false },
  ])('$name: $is', ({ error, is }) => {
    expect(isAuthenticationError(error)).toBe(is);
  });
});
