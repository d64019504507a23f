import { typeTokens } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOf, Origin, Output, resource, says, unknown, yaml } from '../testing.js';
import { noHardcodedPassword } from './no-hardcoded-password.js';

const instance = (password: unknown) => resource(typeTokens.awsRdsInstance, 'db', { password, username: 'app' });
const deployment = (env: object[]) =>
  resource(typeTokens.kubernetesDeployment, 'web', {
    spec: { template: { spec: { containers: [{ name: 'app', env }] } } },
  });

describe('no-hardcoded-password', () => {
  it.each([
    { name: 'secret config', value: new Origin({ kind: 'secret-config', key: 'app:password' }, 'canary') },
    { name: 'plain config', value: new Origin({ kind: 'plain-config', key: 'app:password' }, 'canary') },
    { name: 'the environment', value: new Origin({ kind: 'environment', name: 'DB_PASSWORD' }, 'canary') },
    { name: 'a random password', value: new Output('urn:random') },
    {
      name: 'a secret store',
      value: new Origin({ kind: 'fetched-at-deploy', token: 'aws:secretsmanager/getSecretVersion:getSecretVersion' }),
    },
    { name: 'nothing', value: undefined },
    { name: 'a template that is filled in later', value: '${DB_PASSWORD}' },
  ])('says nothing about a password from $name', ({ value }) => {
    expect(says(noHardcodedPassword, modelOf(instance(value)))).toEqual([]);
  });

  it.each([
    { name: 'a database', given: instance('hunter2'), path: '`password` of db' },
    {
      name: 'a write-only input',
      given: resource(typeTokens.awsRdsInstance, 'db', { passwordWo: 'hunter2' }),
      path: '`passwordWo` of db',
    },
    {
      name: 'a PostgreSQL role',
      given: resource(typeTokens.postgresRole, 'app', { password: 'hunter2' }),
      path: '`password` of app',
    },
    {
      name: 'a secret version',
      given: resource(typeTokens.awsSecretVersion, 'v', { secretString: '{"username":"app","password":"hunter2"}' }),
      path: '`secretString` of v',
    },
    {
      name: "Vault's connection to a database",
      given: resource('vault:database/secretBackendConnection:SecretBackendConnection', 'c', {
        postgresql: { username: 'vault', password: 'hunter2' },
      }),
      path: '`postgresql.password` of c',
    },
    {
      name: 'a container',
      given: deployment([{ name: 'MYSQL_ROOT_PASSWORD', value: 'fake_password' }]),
      path: '`spec.template.spec.containers[0].env[0].value` of web',
    },
    {
      name: 'a URL in the environment',
      given: deployment([{ name: 'DATABASE', value: 'postgres://app:hunter2@db/app' }]),
      path: '`spec.template.spec.containers[0].env[0].value` of web',
    },
    {
      name: 'a function',
      given: resource(typeTokens.awsLambdaFunction, 'f', { environment: { variables: { API_KEY: 'hunter2hunter2' } } }),
      path: '`environment.variables.API_KEY` of f',
    },
  ])('finds a password written into $name', ({ given, path }) => {
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([`fail: ${path} is written out in the source.`]);
  });

  it.each([
    { name: 'paths to files', env: { name: 'DB_PASSWORD_FILE', value: '/run/secrets/db' } },
    { name: 'folders', env: { name: 'SECRETS_DIR', value: '/run/secrets' } },
    { name: 'addresses', env: { name: 'TOKEN_URL', value: 'https://auth.example.com/token' } },
    { name: 'references to a store', env: { name: 'DB_PASSWORD', value: 'vault:secret/data/db#password' } },
    { name: 'switches', env: { name: 'ALLOW_EMPTY_PASSWORD', value: 'yes' } },
    { name: 'expansions', env: { name: 'DATABASE_URL', value: 'postgres://app:$(DB_PASSWORD)@db/app' } },
    { name: 'key names', env: { name: 'AWS_ACCESS_KEY_ID_NAME', value: 'access-key' } },
  ])('is not fooled by $name', ({ env }) => {
    expect(says(noHardcodedPassword, modelOf(deployment([env])))).toEqual([]);
  });

  it.each([
    { name: 'a password', given: instance(unknown), path: '`password` of db' },
    {
      name: 'an environment variable',
      given: deployment([{ name: 'DB_PASSWORD', value: unknown }]),
      path: '`spec.template.spec.containers[0].env[0].value` of web',
    },
  ])('does not decide on $name of unknown origin', ({ given, path }) => {
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([
      `undecided: where ${path} comes from is not known before the deployment`,
    ]);
  });

  it('reads manifests, encoded or not, and leaves names and certificates alone', () => {
    const encoded = Buffer.from('hunter2').toString('base64');
    const model = yaml(`
apiVersion: v1
kind: Secret
metadata: { name: db }
data:
  username: ${Buffer.from('app').toString('base64')}
  password: ${encoded}
  ca.crt: ${Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64')}
stringData:
  url: postgres://app:hunter2@db/app
  api-key: <your key>
`);
    expect(says(noHardcodedPassword, model)).toEqual([
      'fail: `stringData.url` of db is written out in the source.',
      'fail: `data.password` of db is written out in the source.',
    ]);
  });
});
