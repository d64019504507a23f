import { dualUsersOf } from '@keyturn/plan';
import { expect, it } from 'vitest';

import { permissions, PermissionsError } from './permissions.js';

const pair = { name: 'app', ...dualUsersOf('app') };
const shared = { strategy: 'dual-user', pair, rotator: 'rot', endsSessions: false } as const;

it.each([
  {
    name: 'PostgreSQL 15, whose CREATEROLE is enough',
    options: { ...shared, engine: 'postgres', version: '15.4' },
    statements: [
      'ALTER ROLE "rot" CREATEROLE',
      'GRANT USAGE ON SCHEMA keyturn TO "rot"',
      'GRANT SELECT, INSERT, UPDATE ON keyturn.pair, keyturn.journal TO "rot"',
      'GRANT pg_read_all_stats TO "rot"',
    ],
  },
  {
    name: 'PostgreSQL 16 on RDS, with sessions to end',
    options: { ...shared, engine: 'postgres', version: '16', managed: 'rds', endsSessions: true },
    statements: [
      'ALTER ROLE "rot" CREATEROLE',
      'GRANT USAGE ON SCHEMA keyturn TO "rot"',
      'GRANT SELECT, INSERT, UPDATE ON keyturn.pair, keyturn.journal TO "rot"',
      'GRANT pg_read_all_stats TO "rot"',
      'GRANT "app_a", "app_b" TO "rot" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
      'GRANT pg_signal_backend TO "rot"',
      'GRANT rds_password TO "rot"',
    ],
  },
  {
    name: 'MySQL 8',
    options: { ...shared, engine: 'mysql', version: '8.0.36', host: '10.%' },
    statements: [
      `GRANT CREATE USER, PROCESS ON *.* TO 'rot'@'10.%'`,
      `GRANT SELECT ON mysql.* TO 'rot'@'10.%'`,
      `GRANT SELECT, INSERT, UPDATE ON keyturn.* TO 'rot'@'10.%'`,
      `GRANT SELECT ON performance_schema.* TO 'rot'@'10.%'`,
    ],
  },
] as const)('gives the rotator on $name what it needs and nothing else', ({ options, statements }) => {
  expect(permissions(options).statements).toEqual(statements);
});

it.each([
  { engine: 'mysql', version: '8.0', right: 'CONNECTION_ADMIN' },
  { engine: 'mariadb', version: '10.4', right: 'SUPER' },
  { engine: 'mariadb', version: '10.5', right: 'CONNECTION ADMIN' },
  { engine: 'mariadb', version: '11.4', right: 'CONNECTION ADMIN' },
] as const)('ends sessions on $engine $version with $right', ({ engine, version, right }) => {
  const { statements } = permissions({ ...shared, engine, version, endsSessions: true });
  expect(statements.at(-1)).toBe(`GRANT ${right} ON *.* TO 'rot'@'%'`);
});

it('quotes names, and says what it cannot read or give', () => {
  const rotator = `o'r"\\`;
  expect(permissions({ ...shared, rotator, engine: 'postgres', version: '15' }).statements[0]).toBe(
    `ALTER ROLE "o'r""\\" CREATEROLE`,
  );
  expect(permissions({ ...shared, rotator, engine: 'mysql', version: '8' }).statements[1]).toBe(
    `GRANT SELECT ON mysql.* TO 'o''r"\\\\'@'%'`,
  );
  expect(() => permissions({ ...shared, engine: 'mysql', version: 'eight' })).toThrow(
    'Cannot read "eight" as a version of a server. Write for example "16".',
  );
  expect(() => permissions({ ...shared, strategy: 'dual-password', engine: 'postgres', version: '16' })).toThrow(
    PermissionsError,
  );
});
