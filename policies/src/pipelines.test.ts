import { readShell, readWorkflow } from '@keyturn/resources';
import { describe, expect, it } from 'vitest';
import { noHardcodedPassword } from './policies/no-hardcoded-password.js';
import { noPasswordChangeInScript } from './policies/no-password-change-in-script.js';
import { hidden, says } from './testing.js';

const workflow = (source: string) => readWorkflow(source, { file: '.github/workflows/ci.yml' });
const postgres = '    services: { db: { image: postgres, env: { POSTGRES_PASSWORD: kestrel-1 } } }\n';
const job = (entry: string, more = '') => workflow(`jobs:\n  test:\n${more}    env: { ${entry} }\n`);
const pipeline = (source: string) => readWorkflow(source, { file: '.gitlab-ci.yml' });

describe('a credential in the variables of a pipeline', () => {
  it('is found at the workflow, the job, its container and the step', () => {
    const said = says(
      noHardcodedPassword,
      workflow(`env: { API_KEY: kestrel-1 }
jobs:
  ship:
    env: { DB_PASSWORD: kestrel-1 }
    container: { image: node, env: { NPM_TOKEN: kestrel-1 } }
    steps:
      - env: { DATABASE: "postgres://app:kestrel-1@db.example/app" }
      - { id: push, env: { REGISTRY_TOKEN: "\${{ secrets.TOKEN || 'kestrel-1' }}" } }
`),
    );
    expect(said).toEqual([
      'fail: `env.API_KEY` of workflow is written out in the source.',
      'fail: `env.DB_PASSWORD` of ship is written out in the source.',
      'fail: `container.env.NPM_TOKEN` of ship is written out in the source.',
      'fail: `env.DATABASE` of ship: step 1 is written out in the source.',
      'fail: What `env.REGISTRY_TOKEN` of ship: push falls back to where nothing sets TOKEN is written out in the source.',
    ]);
    expect(said.join()).not.toMatch(/kestrel/);
  });

  it('is found in a pipeline of GitLab', () => {
    expect(
      says(
        noHardcodedPassword,
        pipeline(
          'variables: { API_KEY: { value: kestrel-1, description: x } }\nship:\n  variables: { DB_PASSWORD: kestrel-1 }\n',
        ),
      ),
    ).toEqual([
      'fail: `variables.API_KEY` of pipeline is written out in the source.',
      'fail: `variables.DB_PASSWORD` of ship is written out in the source.',
    ]);
  });

  it.each([
    { name: 'a secret', given: job('DB_PASSWORD: "${{ secrets.PW }}"') },
    { name: 'one of two secrets', given: job('GH_TOKEN: "${{ secrets.A || github.token }}"') },
    { name: 'nothing behind a secret', given: job(`DB_PASSWORD: "\${{ secrets.A || '' }}"`) },
    { name: 'what is no credential', given: job('DB_USER: kestrel-1') },
    { name: 'a file', given: job('DB_PASSWORD_FILE: /run/db') },
    { name: 'a variable of GitLab', given: pipeline('ship: { variables: { DB_PASSWORD: $PW } }') },
  ])('is not meant by $name', ({ given }) => {
    expect(says(noHardcodedPassword, given)).toEqual([]);
  });

  it.each([
    { name: 'a service is started with it', given: job('PGPASSWORD: kestrel-1', postgres) },
    {
      name: 'a service is started with it, in a URL',
      given: job('DB: "postgres://a:kestrel-1@db.example/a"', postgres),
    },
    { name: 'the URL names a service', given: job('DB: "postgres://a:kestrel-2@db:5432/a"', postgres) },
    {
      name: 'a service takes it from the variable',
      given: job('PGPASSWORD: kestrel-2', postgres.replace('kestrel-1', '"${{ env.PGPASSWORD }}"')),
    },
    {
      name: 'a service of GitLab takes it',
      given: pipeline(
        'test: { services: [postgres:16], variables: { POSTGRES_PASSWORD: kestrel-1, PGPASSWORD: kestrel-1 } }',
      ),
    },
  ])('protects nothing where $name', ({ given }) => {
    const said = says(noHardcodedPassword, given);
    expect(said.length).toBeGreaterThan(0);
    for (const each of said) expect(each).toMatch(/^not applicable: .* belongs to a service that ends with the job$/);
  });

  it.each([
    {
      name: 'the runner',
      entry: 'DB: "postgres://a:kestrel-1@localhost:5432/a"',
      says: 'is for what runs on the runner and ends with it',
    },
    { name: 'nothing, as its words say', entry: 'API_KEY: SOME-LONG-SECRET-KEY', says: 'says that it is a stand-in' },
    { name: 'nothing, as its only word says', entry: 'DB_PASSWORD: password', says: 'says that it is a stand-in' },
    { name: 'nothing, as it says', entry: 'API_KEY: test-api-key', says: 'says that it is a stand-in' },
  ])('protects $name', ({ entry, says: because }) => {
    expect(says(noHardcodedPassword, job(entry))).toEqual([expect.stringContaining(because)]);
  });

  it.each([
    { name: 'another password', given: job('PGPASSWORD: kestrel-2', postgres) },
    { name: 'another host', given: job('DB: "postgres://a:kestrel-2@db.example/a"', postgres) },
    {
      name: 'the services of another job',
      given: workflow('jobs:\n  test:\n' + postgres + '  ship:\n    env: { PGPASSWORD: kestrel-1 }\n'),
    },
    { name: 'a word that only contains one', given: job('API_KEY: latest-kestrel') },
    {
      name: 'a variable of GitLab that no service takes',
      given: pipeline('test: { services: [redis:7], variables: { POSTGRES_PASSWORD: kestrel-1 } }'),
    },
  ])('is found beside a service all the same: $name', ({ given }) => {
    expect(says(noHardcodedPassword, given)).toEqual([expect.stringMatching(/^fail: /)]);
  });

  it('is not decided where an expression hides it', () => {
    const because = 'undecided: where `env.DB_PASSWORD` of test comes from is not known before the deployment';
    expect(says(noHardcodedPassword, job(`DB_PASSWORD: "\${{ inputs.a && 'b' }}"`))).toEqual([because]);
    expect(
      says(noHardcodedPassword, hidden(job('DB_PASSWORD: kestrel-1', postgres), 'test', ['env', 'DB_PASSWORD'])),
    ).toEqual([because]);
    expect(says(noHardcodedPassword, workflow('jobs:\n  test:\n    env: "${{ fromJSON(\'{}\') }}"\n'))).toEqual([
      'undecided: where `env` of test comes from is not known before the deployment',
    ]);
  });
});

describe('a user that a script creates', () => {
  const create = (password: string) => readShell(`psql -c "CREATE USER app PASSWORD ${password}"`, { file: 'a.sh' });
  const step = (services: string, sql: string) =>
    workflow(`jobs:\n  test:\n${services}    steps:\n      - run: psql -c "${sql}"\n`);

  it('has a password that is written out', () => {
    expect(says(noHardcodedPassword, create(`'kestrel-1'`))).toEqual([
      'fail: `password` of CREATE USER … PASSWORD 1 is written out in the source.',
    ]);
    expect(says(noPasswordChangeInScript, create(`'kestrel-1'`))).toEqual([]);
  });

  it.each([`'$PW'`, `'\${PW:?}'`, `'<password>'`, `'{{ password }}'`, `'%s'`, `:'pw'`, 'NULL'])(
    'has none in the source: %s',
    (password) => {
      expect(says(noHardcodedPassword, create(password))).toEqual([]);
    },
  );

  it('is not decided where its password is hidden', () => {
    expect(says(noHardcodedPassword, hidden(create(`'kestrel-1'`), 'CREATE USER … PASSWORD 1', ['password']))).toEqual([
      'undecided: where `password` of CREATE USER … PASSWORD 1 comes from is not known before the deployment',
    ]);
  });

  it('ends with the job where the database is a service of it', () => {
    const ends = ['not applicable: the database ends with the job that fills it'];
    expect(says(noHardcodedPassword, step(postgres, `CREATE USER app PASSWORD 'kestrel-2'`))).toEqual(ends);
    expect(says(noPasswordChangeInScript, step(postgres, `ALTER USER app PASSWORD 'kestrel-2'`))).toEqual(ends);
    expect(says(noHardcodedPassword, step('', `CREATE USER app PASSWORD 'kestrel-2'`))).toEqual([
      expect.stringMatching(/^fail: /),
    ]);
  });
});
