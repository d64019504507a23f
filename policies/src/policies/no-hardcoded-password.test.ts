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
    { name: 'what a shell makes', env: { name: 'SECRET', value: '$(openssl rand -base64 48)' } },
    { name: 'blanks', env: { name: 'CLIENT_SECRET', value: 'XXXXXXX' } },
    { name: 'texts that ask to be changed', env: { name: 'DB_PASSWORD', value: 'CHANGE THIS PASSWORD' } },
    { name: 'URLs that show what to write', env: { name: 'DB_URL', value: 'postgres://user:password@host:port/app' } },
    { name: 'names in braces', env: { name: 'DB_PASSWORD', value: '{DB_PASSWORD}' } },
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

  it.each([
    { type: 'kubernetes.io/rbd', entry: 'key', given: 'AQDfixture' },
    { type: 'kubernetes.io/glusterfs', entry: 'key', given: 'hunter2' },
    { type: 'kubernetes.io/iscsi-chap', entry: 'node.session.auth.password_in', given: 'hunter2' },
    {
      type: 'kubernetes.io/dockerconfigjson',
      entry: '.dockerconfigjson',
      given: '{"auths":{"registry.example.com":{"username":"ci","password":"hunter2"}}}',
    },
    {
      type: 'kubernetes.io/dockercfg',
      entry: '.dockercfg',
      given: '{"registry.example.com":{"auth":"Y2k6aHVudGVyMg=="}}',
    },
    { type: 'Opaque', entry: 'azurestorageaccountkey', given: 'hunter2' },
  ])('knows that `$entry` of a Secret of the type $type is a credential', ({ type, entry, given }) => {
    const secret = resource('kubernetes:core/v1:Secret', 's', {
      type,
      data: { [entry]: Buffer.from(given).toString('base64') },
    });
    expect(says(noHardcodedPassword, modelOf(secret))).toEqual([
      expect.stringMatching(/^fail: `data[^`]*` of s is written out in the source\.$/),
    ]);
  });

  it.each([
    { type: 'Opaque', entry: 'key', given: 'the name of a key' },
    { type: 'kubernetes.io/iscsi-chap', entry: 'node.session.auth.username_in', given: 'ci' },
    { type: 'kubernetes.io/dockerconfigjson', entry: '.dockerconfigjson', given: '{"auths":{}}' },
    { type: 'kubernetes.io/dockerconfigjson', entry: '.dockerconfigjson', given: '{"credsStore":"ecr-login"}' },
  ])('leaves `$entry` of a Secret of the type $type alone when it holds $given', ({ type, entry, given }) => {
    const secret = resource('kubernetes:core/v1:Secret', 's', { type, stringData: { [entry]: given } });
    expect(says(noHardcodedPassword, modelOf(secret))).toEqual([]);
  });

  it('does not decide on an entry that only the type of its Secret can tell, while that is not known', () => {
    const secret = resource('kubernetes:core/v1:Secret', 's', { type: unknown, stringData: { key: 'hunter2' } });
    expect(says(noHardcodedPassword, modelOf(secret))).toEqual([
      'undecided: where `stringData.key` of s comes from is not known before the deployment',
    ]);
  });

  it.each([
    { path: ['osProfile', 'adminPassword'], value: 'kestrel-2026' },
    { path: ['temporaryPassword'], value: 'kestrel-2026' },
    { path: ['connections', 'password_wo'], value: 'kestrel-2026' },
  ])('finds a password under $path of a type that no table has', ({ path, value }) => {
    const properties = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
    const given = resource('acme:fleet/thing:Thing', 'vms', properties);
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([
      `fail: \`${path.join('.')}\` of vms is written out in the source.`,
    ]);
    expect(says(noHardcodedPassword, modelOf({ ...given, custom: false }))).toEqual([]);
  });

  it.each([
    { name: 'adminPassword', value: new Output('urn:random') },
    { name: 'adminPassword', value: '${PASSWORD}' },
    { name: 'adminPassword', value: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app' },
    { name: 'adminPassword', value: true },
    { name: 'randomPassword', value: 'yes-please' },
    { name: 'resetPassword', value: 'https-page' },
    { name: 'password', value: 'How to choose a password' },
    { name: 'passwordPolicy', value: 'strict' },
  ])('says nothing about $value under $name of a type that no table has', ({ name, value }) => {
    const given = resource('acme:fleet/thing:Thing', 'vms', { profile: { [name]: value } });
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([]);
  });

  it.each(['annotations', 'labels', 'tags'])('says nothing about %s', (marks) => {
    const properties = { metadata: { [marks]: { 'example.com/expose-password': 'database-password' } } };
    expect(says(noHardcodedPassword, modelOf(resource('acme:fleet/thing:Thing', 'vms', properties)))).toEqual([]);
  });

  it('does not decide on a password of unknown origin of a type that no table has', () => {
    const given = resource('acme:fleet/thing:Thing', 'vms', { profile: { adminPassword: unknown } });
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([
      'undecided: where `profile.adminPassword` of vms comes from is not known before the deployment',
    ]);
  });
});
