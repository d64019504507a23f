import { readCompose, readEnvFile, readKubernetesYaml, readShell, readTemplate } from '@keyturn/resources';
import { describe, expect, it } from 'vitest';
import { isCredentialName, isCredentialText } from './credential-names.js';
import { noHardcodedPassword } from './policies/no-hardcoded-password.js';
import { hidden, says } from './testing.js';

const compose = (lines: string) =>
  readCompose(`services:\n  db:\n${lines.replace(/^/gm, '    ')}\n`, { file: 'compose.yaml' });
const variable = (entry: string) => compose(`environment:\n  - ${entry}`);
const env = (line: string, file = '.env') => readEnvFile(`${line}\n`, { file });

const inService = (path: string, unset: string) =>
  `fail: What \`${path}\` of db falls back to where nothing sets ${unset} is written out in the source.`;
const inFile = (name: string) => `fail: What \`${name}\` falls back to is written out in the file.`;

describe('a literal that a variable falls back to', () => {
  it.each([
    { name: 'a map', given: compose('environment:\n  DB_PASSWORD: ${PW:-kestrel-1}'), in: 'DB_PASSWORD', unset: 'PW' },
    { name: 'a list', given: variable('DB_PASSWORD=${PW:-kestrel-1}'), in: 'DB_PASSWORD', unset: 'PW' },
    { name: 'without a colon', given: variable('DB_PASSWORD=${PW-kestrel-1}'), in: 'DB_PASSWORD', unset: 'PW' },
    { name: 'with an assignment', given: variable('DB_PASSWORD=${PW:=kestrel-1}'), in: 'DB_PASSWORD', unset: 'PW' },
    { name: 'after another', given: variable('DB_PASSWORD=${A:-${PW:-kestrel-1}}'), in: 'DB_PASSWORD', unset: 'PW, A' },
    {
      name: 'by the name of the variable',
      given: variable('ARG=${DB_PASSWORD:-kestrel-1}'),
      in: 'ARG',
      unset: 'DB_PASSWORD',
    },
    { name: 'a whole URL', given: variable('DB=${URL:-postgres://a:kestrel-1@db/a}'), in: 'DB', unset: 'URL' },
    { name: 'in a URL', given: variable('DB=postgres://a:${PW:-kestrel-1}@${HOST}/a'), in: 'DB', unset: 'PW' },
  ])('is found in the environment of a service: $name', ({ given, in: entry, unset }) => {
    expect(says(noHardcodedPassword, given)).toEqual([inService(`environment.${entry}`, unset)]);
  });

  it.each([
    {
      name: 'a build argument',
      given: compose('build:\n  args: ["NPM_TOKEN=${NPM_TOKEN:-kestrel-1}"]'),
      in: 'build.args.NPM_TOKEN',
      unset: 'NPM_TOKEN',
    },
    {
      name: 'a command',
      given: compose('command: redis-server --requirepass ${REDIS_PASSWORD:-kestrel-1}'),
      in: 'command',
      unset: 'REDIS_PASSWORD',
    },
  ])('is found in $name', ({ given, in: path, unset }) => {
    expect(says(noHardcodedPassword, given)).toEqual([inService(path, unset)]);
  });

  it('is found in .env files, templates, manifests and scripts, and never said', () => {
    const secret = (entry: string) =>
      readKubernetesYaml(`apiVersion: v1\nkind: Secret\nmetadata: { name: db }\n${entry}\n`, {
        file: 'a.yaml.envsubst',
      });
    const base64 = Buffer.from('kestrel-1').toString('base64');
    const said = [
      env('DB_PASSWORD=${PW:-kestrel-1}'),
      env('DB_URL="postgres://a:${PW:-kestrel-1}@db/a"'),
      readTemplate('db.password = ${PW:-kestrel-1}\n', { file: 'app.conf.tmpl' }),
      secret('stringData: { password: "${PW:-kestrel-1}" }'),
      secret(`data: { password: "\${PW:-${base64}}" }`),
      readShell(`psql -c "ALTER USER app PASSWORD '\${PW:-kestrel-1}'"`, { file: 'a.sh' }),
    ].map((model) => says(noHardcodedPassword, model));
    expect(said).toEqual([
      [inFile('DB_PASSWORD')],
      [inFile('DB_URL')],
      [inFile('db.password')],
      [inService('stringData.password', 'PW')],
      [inService('data.password', 'PW')],
      [inService('password', 'PW').replace('of db', 'of ALTER USER … PASSWORD 1')],
    ]);
    expect(JSON.stringify(said)).not.toMatch(/kestrel/);
  });

  it.each([
    { name: 'nothing', given: variable('DB_PASSWORD=${PW:-}') },
    { name: 'a message', given: variable('DB_PASSWORD=${PW:?set a password}') },
    { name: 'another variable', given: variable('DB_PASSWORD=${PW:-${OTHER}}') },
    { name: 'what stands only where it is set', given: variable('DB_PASSWORD=${PW:+kestrel-1}') },
    { name: 'a path', given: variable('DB_PASSWORD=${PW:-/run/secrets/db}') },
    { name: 'a switch', given: variable('DB_PASSWORD=${PW:-false}') },
    { name: 'a placeholder', given: variable('DB_PASSWORD=${PW:-<password>}') },
    { name: 'an escaped dollar sign', given: variable('DB_PASSWORD=$${PW:-kestrel-1}') },
    { name: 'what is no credential', given: variable('DB_HOST=${HOST:-kestrel-1}') },
    { name: 'a URL without a password', given: variable('DB=${URL:-postgres://db/a}') },
    { name: 'hosts and ports of a URL', given: variable('DB=https://${HOST:-a}:${PORT:-1}/${X:-b@c}') },
    { name: 'a file that shows what to write', given: env('DB_PASSWORD=${PW:-kestrel-1}', '.env.example') },
    { name: 'single quotes, which expand nothing', given: env("DB_PASSWORD='${PW:-kestrel-1}'") },
  ])('is not meant by $name', ({ given }) => {
    expect(says(noHardcodedPassword, given)).toEqual([]);
  });

  it('is not decided where the value is hidden', () => {
    const model = hidden(variable('DB_PASSWORD=${PW:-kestrel-1}'), 'db', ['environment', 'DB_PASSWORD']);
    expect(says(noHardcodedPassword, model)).toEqual([
      'undecided: where `environment.DB_PASSWORD` of db comes from is not known before the deployment',
    ]);
  });

  it('is another thing than a literal beside a variable', () => {
    expect(says(noHardcodedPassword, variable('DB=postgres://a:kestrel-1@${HOST:-db}/a'))).toEqual([
      'fail: `environment.DB` of db is written out in the source.',
    ]);
  });
});

describe('names and texts of credentials', () => {
  it.each([
    'REDIS_PASSWORD',
    'CLICKHOUSE_PASSWORD',
    'ADMIN_PASS',
    'FEDERALIST_SESSION_SECRET',
    'DYNO_TOKEN',
    'dbPassword',
  ])('%s is one, whatever its middle reads like', (name) => {
    expect(isCredentialName(name)).toBe(true);
  });

  it.each([
    'ALLOW_EMPTY_PASSWORD',
    'MYSQL_RANDOM_ROOT_PASSWORD',
    'HAS_PASSWORD',
    'usePassword',
    'DB_PASSWORD_FILE',
    'isSecret',
  ])('%s is none', (name) => {
    expect(isCredentialName(name)).toBe(false);
  });

  it.each([
    ['postgres://a:kestrel-1@${HOST}/a', true],
    ['postgres://a:${PW}@db/a', false],
    ['https://${USER:-a}@db/a', false],
    ['https://${HOST:-a:b@c}/d', false],
  ])('%s: %s', (text, is) => {
    expect(isCredentialText(text)).toBe(is);
  });
});
