import { describe, expect, it } from 'vitest';
import { at, text } from '../value.js';
import { readCompose } from './compose.js';
import { readShell } from './shell.js';

function users(source: string) {
  return readShell(source, { file: 'init.sql' })
    .resources.filter(({ type }) => type === 'shell:script:NewUser')
    .map(({ properties, place }) => {
      const password = at(properties, 'password');
      const from = password.kind === 'unknown' && password.provenance.kind === 'environment' ? password.provenance : {};
      return [place?.line, text(at(properties, 'user')), text(password) ?? from];
    });
}

describe('users that SQL creates with a password', () => {
  it.each([
    { name: 'PostgreSQL', source: `CREATE USER app PASSWORD 'kestrel-1';`, is: [[1, 'app', 'kestrel-1']] },
    {
      name: 'comments of a dump, of which some are empty',
      source: `--\n-- Name: app\n--\n\nCREATE USER app PASSWORD 'kestrel-1';`,
      is: [[5, 'app', 'kestrel-1']],
    },
    {
      name: 'options before the password',
      source: `create role "app"\n  with login connection limit 5\n  encrypted password 'kestrel-1';`,
      is: [[1, 'app', 'kestrel-1']],
    },
    {
      name: 'psql -c, after the role',
      source: `echo x\npsql -c "CREATE ROLE app LOGIN" -c "ALTER ROLE app PASSWORD 'kestrel-1'"`,
      is: [[2, 'app', 'kestrel-1']],
    },
    {
      name: 'MySQL',
      source: `CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED WITH caching_sha2_password BY 'kestrel-1';`,
      is: [[1, 'app', 'kestrel-1']],
    },
    { name: 'Oracle', source: `create user "app" identified by "kestrel-1";`, is: [[1, 'app', 'kestrel-1']] },
    { name: 'SQL Server', source: `CREATE LOGIN app WITH PASSWORD = N'kestrel-1'`, is: [[1, 'app', 'kestrel-1']] },
    {
      name: 'a grant that creates',
      source: `GRANT ALL ON *.* TO 'app'@'%' IDENTIFIED BY 'kestrel-1' WITH GRANT OPTION;`,
      is: [[1, 'app', 'kestrel-1']],
    },
    {
      name: 'a user mapping',
      source: `CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'a', password 'kestrel-1');`,
      is: [[1, undefined, 'kestrel-1']],
    },
    {
      name: 'several on a line',
      source: `CREATE USER a PASSWORD 'x1'; CREATE USER b PASSWORD 'x2';`,
      is: [
        [1, 'a', 'x1'],
        [1, 'b', 'x2'],
      ],
    },
    {
      name: 'a variable',
      source: `psql -c "CREATE USER app PASSWORD '$PW'"`,
      is: [[1, 'app', { kind: 'environment', name: 'PW' }]],
    },
    {
      name: 'a string that is put together',
      source: `'CREATE USER app PASSWORD ''' || pw || ''''`,
      is: [[1, 'app', '']],
    },
  ])('are read: $name', ({ source, is }) => {
    expect(users(source)).toEqual(is);
  });

  it.each([
    'CREATE USER app;',
    'CREATE ROLE app LOGIN;\nSELECT $1 AS password;',
    `-- CREATE USER app PASSWORD 'x'`,
    `# CREATE USER app PASSWORD 'x'`,
    `CREATE USER app IDENTIFIED BY PASSWORD '*0123456789ABCDEF';`,
    `CREATE USER app IDENTIFIED WITH sha256_hash BY 'abcdef';`,
    `CREATE USER app IDENTIFIED WITH auth_socket;`,
    'GRANT app TO other;',
    'CREATE TABLE users (name text, password text);',
  ])('are none in %s', (source) => {
    expect(users(source)).toEqual([]);
  });

  it('are no changes of a password', () => {
    const { resources } = readShell(`CREATE USER app PASSWORD 'kestrel-1'`, { file: 'a.sh' });
    expect(resources.map(({ type }) => type)).toEqual(['shell:script:NewUser']);
    expect(resources[0] && at(resources[0].properties, 'password')).toMatchObject({ secret: true });
  });

  it('are found in the commands of compose, at their line', () => {
    const source = `services:
  db:
    command:
      - sh
      - |
        wait
        psql -c "CREATE USER app PASSWORD 'kestrel-1'"
    environment: {}
`;
    expect(
      readCompose(source, { file: 'compose.yaml' }).resources.map(({ type, place }) => [type, place?.line]),
    ).toEqual([
      ['docker:compose:Service', 2],
      ['shell:script:NewUser', 7],
    ]);
  });

  it('are found in time in long texts', () => {
    const started = performance.now();
    users(`CREATE USER ${'a'.repeat(50_000)} ${'with '.repeat(5_000)}`);
    users('CREATE USER a '.repeat(5_000));
    users('GRANT a TO b '.repeat(5_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
