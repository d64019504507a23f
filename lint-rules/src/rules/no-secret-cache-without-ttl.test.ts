import { table } from '../table.testing.js';
import rule from './no-secret-cache-without-ttl.js';

const aws = `import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
const client = new SecretsManagerClient({});
const read = async () => (await client.send(new GetSecretValueCommand({ SecretId: 'db' }))).SecretString;
`;
const powertools = "import { getSecret } from '@aws-lambda-powertools/parameters/secrets';\n";

table(rule, {
  fine: [
    { name: 'read each time', code: `${aws}export const password = () => read();` },
    {
      name: 'kept with a limit',
      code: `${aws}let cached, until = 0;\nexport async function secret() { if (cached && Date.now() < until) return cached; cached = await read(); until = Date.now() + 6e4; return cached; }`,
    },
    {
      name: 'thrown away after a refusal',
      code: `${aws}let cached;\nexport async function secret() { cached ??= await read(); return cached; }\nexport function forget() { cached = undefined; }`,
    },
    {
      name: 'a value of its own function',
      code: `${aws}export async function secret() { let found; if (!found) found = await read(); return found; }`,
    },
    {
      name: 'something else is kept',
      code: `${aws}let config;\nexport async function load() { config ??= await readFile('app.json'); return config; }`,
    },
    {
      name: 'the cache of Powertools',
      code: `${powertools}export const read = () => getSecret('db', { maxAge: 60 });`,
    },
    {
      name: 'a cache with a limit',
      code: `import { LRUCache } from 'lru-cache';\n${aws}const cache = new LRUCache({ max: 9, ttl: 6e4 });\nexport async function f(k) { cache.set(k, await read()); }`,
    },
    {
      name: 'a getSecret of another package',
      code: "import { getSecret } from './secrets.js'; import '@azure/keyvault-secrets';\nlet cached;\nexport async function f() { cached ??= await getSecret('db'); return cached; }",
    },
    {
      name: 'a program that describes infrastructure',
      code: `import * as pulumi from '@pulumi/pulumi';\n${aws}let cached;\nexport async function f() { return (cached ??= await read()); }`,
    },
    {
      name: 'a test',
      code: `${aws}let cached;\nexport async function f() { return (cached ??= await read()); }`,
      filename: 'src/secret.test.ts',
    },
  ],
  wrong: [
    {
      name: 'a variable of the module that is filled at the start',
      code: "import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';\nconst client = new SecretsManagerClient({});\nlet jwtSecret;\nexport async function init() { jwtSecret = (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString; }\nexport const sign = (body) => jwt.sign(body, jwtSecret);",
      says: [['kept', { name: 'jwtSecret' }, 4]],
    },
    {
      name: 'a command that was made before it is sent',
      code: `${aws}const kept = {};\nexport async function secret(id) {\n  if (!kept[id]) {\n    const command = new GetSecretValueCommand({ SecretId: id });\n    const response = await client.send(command);\n    kept[id] = response.SecretString;\n  }\n  return kept[id];\n}`,
      says: [['kept', { name: 'kept' }, 9]],
    },
    {
      name: 'a reader of yours',
      code: "import { readSecret } from '../secrets.js';\nlet cached;\nexport async function secret() { cached ??= await readSecret('db'); return cached; }",
      filename: 'src/db/pool.ts',
      options: [{ secretReaders: [{ from: 'file', name: 'readSecret', path: 'src/secrets.ts' }] }],
      says: [['kept', { name: 'cached' }]],
    },
    {
      name: 'assigned when missing',
      code: `${aws}let cached;\nexport async function secret() { cached ??= await read(); return cached; }`,
      says: [['kept', { name: 'cached' }, 5]],
    },
    {
      name: 'behind an early return',
      code: `${aws}let cached;\nexport async function secret() { if (cached) return cached; const r = await client.send(new GetSecretValueCommand({ SecretId: 'db' })); cached = JSON.parse(r.SecretString); return cached; }`,
      says: [['kept', { name: 'cached' }]],
    },
    {
      name: 'inside an if',
      code: `${aws}let cached;\nexport const handler = async () => { if (!cached) { cached = await read(); } return use(cached); };`,
      says: [['kept', { name: 'cached' }]],
    },
    {
      name: 'a member of a class',
      code: `import { SecretClient } from '@azure/keyvault-secrets';\nexport class Secrets { #value; constructor() { this.client = new SecretClient(url, id); } async read() { if (this.#value === undefined) this.#value = (await this.client.getSecret('db')).value; return this.#value; } }`,
      says: [['kept', { name: 'value' }]],
    },
    {
      name: 'a comment that promises a limit',
      code: `${aws}let cached; // with a ttl, one day\nexport async function secret() { cached ??= await read(); return cached; }`,
      says: [['kept', { name: 'cached' }]],
    },
    {
      name: 'a Map',
      code: `${aws}const secrets = new Map();\nexport async function secret(name) { if (!secrets.has(name)) secrets.set(name, await read(name)); return secrets.get(name); }`,
      says: [['kept', { name: 'secrets' }]],
    },
    {
      name: 'memoized',
      code: `import memoize from 'memoize';\n${aws}export const secret = memoize(async () => read());`,
      says: [['memoized', { name: 'memoize' }]],
    },
    {
      name: 'a cache without its limit',
      code: `import NodeCache from 'node-cache';\n${aws}const cache = new NodeCache();\nexport async function f(k) { cache.set(k, await read()); }`,
      says: [['unbounded', { name: 'cache', key: 'stdTTL' }]],
    },
    {
      name: 'one second too long',
      code: `${powertools}export const read = () => getSecret('db', { maxAge: 3601 });\nexport const other = () => getSecret('db', { maxAge: 60 * 60 });`,
      says: [['tooLong', { seconds: '3601', limit: '3600' }]],
    },
  ],
});
