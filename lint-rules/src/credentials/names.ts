/**
 * `password`: what a person or an account logs in with. `secret`: what this program makes up for itself, to sign or encrypt.
 * `issued`: what somebody else hands out, so that only a value they could have made is one.
 */
export type CredentialKind = 'password' | 'secret' | 'issued';

/** `dbPassword`, `DB_PASSWORD` and `db-password` are the words `db`, `password`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((each) => each !== '');
}

const passwords = new Set([
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'pw',
  'passcode',
  'adminpassword',
  'dbpassword',
  'userpassword',
  'psw',
  'passwort',
  'senha',
  'contrasena',
]);
const shortPasswords = new Set(['pass', 'pw', 'pwd']);
const secretPairs = new Set([
  'jwt key',
  'signing key',
  'sign key',
  'encryption key',
  'encrypt key',
  'crypto key',
  'cipher key',
  'hmac key',
  'master key',
  'secret key',
  'aes key',
  'token secret',
  'hash salt',
  'token salt',
  'password salt',
  'jwt token',
  'private key',
  'jwt sign',
]);
const issuedPairs = new Set([
  'cookie key',
  'session key',
  'app key',
  'hash key',
  'api key',
  'client secret',
  'consumer secret',
  'access key',
  'auth key',
  'auth token',
  'access token',
  'bearer token',
  'api token',
  'bot token',
  'refresh token',
  'api secret',
  'admin token',
  'service key',
  'account key',
  'webhook secret',
  'service token',
  'personal token',
  'license key',
  'subscription key',
  'server key',
  'key secret',
  'oauth token',
  'github token',
  'deploy token',
  'security token',
  'verify token',
]);
const oneWord = new Map<string, CredentialKind>([
  ['secret', 'secret'],
  ['secretkey', 'secret'],
  ['jwtsecret', 'secret'],
  ['clientsecret', 'issued'],
  ['apikey', 'issued'],
  ['apitoken', 'issued'],
  ['appsecret', 'issued'],
  ['token', 'issued'],
  ['accesstoken', 'issued'],
  ['authtoken', 'issued'],
  ['secretaccesskey', 'issued'],
]);
const owners = new Set([
  'db',
  'database',
  'sql',
  'mysql',
  'pg',
  'postgres',
  'postgresql',
  'mongo',
  'mongodb',
  'redis',
  'smtp',
  'mail',
  'mailer',
  'email',
  'user',
  'admin',
  'root',
  'ftp',
  'sftp',
  'ssh',
  'login',
  'auth',
  'rabbit',
  'rabbitmq',
  'amqp',
  'mqtt',
  'ldap',
  'proxy',
  'basic',
  'default',
  'master',
  'my',
  'imap',
  'gmail',
  'service',
  'account',
  'super',
  'demo',
  'test',
  'oracle',
  'mssql',
  'maria',
  'mariadb',
  'http',
  'ssl',
  'tls',
  'cert',
  'keystore',
  'api',
  'es',
  'elastic',
  'kafka',
  'neo4j',
  'mongo',
]);

/** What a value is used for after the noun: `passwordField` names a field, `passwordHash` a hash. The noun has to come last; these may follow. */
const suffixes = new Set([
  'value',
  'string',
  'text',
  'plain',
  'raw',
  'default',
  'dev',
  'development',
  'prod',
  'production',
  'local',
  'staging',
  'live',
  'sandbox',
  'current',
  'old',
  'previous',
  'base64',
  'utf8',
  'hex',
  'fallback',
]);

/** Words at the start that make it an action, a complaint, or about the public half. */
const notCredentials = new Set([
  'forgot',
  'forgotten',
  'reset',
  'change',
  'changed',
  'confirm',
  'confirmation',
  'confirmed',
  'repeat',
  'retype',
  'reenter',
  'verify',
  'invalid',
  'missing',
  'show',
  'hide',
  'hidden',
  'toggle',
  'require',
  'required',
  'requires',
  'no',
  'wrong',
  'incorrect',
  'bad',
  'has',
  'is',
  'enable',
  'enabled',
  'use',
  'using',
  'validate',
  'generate',
  'generated',
  'create',
  'created',
  'delete',
  'deleted',
  'revoke',
  'revoked',
  'update',
  'updated',
  'edit',
  'add',
  'remove',
  'read',
  'write',
  'list',
  'get',
  'set',
  'view',
  'manage',
  'enter',
  'input',
  'output',
  'prompt',
  'completion',
  'total',
  'max',
  'min',
  'page',
  'next',
  'continuation',
  'cancel',
  'cancellation',
  'design',
  'theme',
  'color',
  'csrf',
  'xsrf',
  'syntax',
  'lex',
  'public',
  'publishable',
  'anon',
  'anonymous',
  'site',
  'search',
  'analytics',
  'maps',
  'mapbox',
  'algolia',
  'docsearch',
  'posthog',
  'segment',
  'sentry',
  'mixpanel',
  'amplitude',
  'firebase',
  'ga',
  'placeholder',
  'mask',
  'masked',
  'redacted',
  'redact',
  'obfuscated',
  'weak',
  'fake',
  'dummy',
  'mock',
  'mocked',
  'sample',
  'example',
  'expected',
  'encrypted',
  'hashed',
  'encoded',
  'hash',
  'missing',
  'expired',
  'expire',
  'unknown',
  'empty',
  'blank',
  'request',
  'requested',
  'by',
  'with',
  'without',
  'the',
  'label',
  'title',
  'error',
  'err',
  'injection',
  'provide',
  'inject',
  'queue',
  'cache',
  'storage',
  'localstorage',
  'cookie name',
  'sync',
  'resume',
  'regenerate',
  'copy',
  'paste',
  'send',
  'on',
  'handle',
  'type',
  'non',
  'not',
  'valid',
]);

/** What kind of credential a name promises, if any. Only the end of a name says what a thing is. */
export function kindOf(name: string): CredentialKind | undefined {
  if (!mayEndInCredential.test(name)) return undefined;
  const known = remembered.get(name);
  if (known !== undefined) return known || undefined;
  const kind = kindOfWords(name);
  if (remembered.size > 5_000) remembered.clear();
  remembered.set(name, kind ?? '');
  return kind;
}

const mayEndInCredential = /pass|pwd|pw|psw|secret|token|key|salt|senha|contrasena|sign/i;
const remembered = new Map<string, CredentialKind | ''>();

function kindOfWords(name: string): CredentialKind | undefined {
  const words = wordsOf(name);
  while (words.length > 1 && (suffixes.has(words.at(-1) ?? '') || /^\d+$/.test(words.at(-1) ?? ''))) words.pop();
  const last = (words.at(-1) ?? '').replace(/\d+$/, '');
  const before = words.at(-2) ?? '';
  const pair = `${before} ${last}`;
  if (words.length === 1 && name === 'PWD') return undefined;
  const rest = words.slice(0, -1);
  if (rest.some((each) => notCredentials.has(each)) && !(rest.length > 0 && pair === 'verify token')) return undefined;

  if (passwords.has(last)) return 'password';
  if (shortPasswords.has(last)) return owners.has(before) ? 'password' : undefined;
  if ((last === 'secret' || pair === 'secret key') && rest.some((each) => issuers.has(each))) return 'issued';
  if (pair === 'access key' && rest.includes('secret')) return 'issued';
  if (secretPairs.has(pair)) return 'secret';
  if (issuedPairs.has(pair)) return 'issued';
  return oneWord.get(last);
}

/** Those who hand out secrets, so that an invented one opens nothing. */
const issuers = new Set([
  'google',
  'github',
  'gitlab',
  'bitbucket',
  'facebook',
  'twitter',
  'linkedin',
  'microsoft',
  'azure',
  'apple',
  'slack',
  'discord',
  'stripe',
  'paypal',
  'twilio',
  'aws',
  'cloudinary',
  'recaptcha',
  'oauth',
  'oidc',
  'okta',
  'auth0',
]);

const publicPrefix = /^(?:NEXT_PUBLIC|VITE|REACT_APP|EXPO_PUBLIC|NUXT_PUBLIC|GATSBY|PUBLIC|VUE_APP|STORYBOOK)_/;

/** True for an environment variable that a bundler writes into what browsers get. */
export function isPublicVariable(name: string): boolean {
  return publicPrefix.test(name);
}

/** The bare `pass`, which is a password only beside a user. */
export function isShortPassword(name: string): boolean {
  return shortPasswords.has(name.toLowerCase());
}

const identities = new Set([
  'email',
  'mail',
  'username',
  'user',
  'login',
  'loginname',
  'account',
  'useremail',
  'adminemail',
  'userid',
  'uid',
  'role',
  'roles',
  'isadmin',
  'firstname',
  'lastname',
  'admin',
  'nickname',
  'uname',
  'mobile',
  'phone',
]);
const connections = new Set([
  'host',
  'hostname',
  'server',
  'database',
  'port',
  'dialect',
  'connectionlimit',
  'endpoint',
  'dbname',
  'db',
  'url',
  'clientid',
  'consumerkey',
  'accesskeyid',
  'service',
  'socketpath',
  'id',
  'clientemail',
  'bucket',
  'region',
  'expiresin',
  'resave',
  'saveuninitialized',
  'issuer',
  'audience',
  'callbackurl',
  'key',
]);

/** True for a property that says whose credential stands beside it. */
export function isIdentity(name: string): boolean {
  return identities.has(wordsOf(name).join(''));
}

/** True for a property that says where a credential beside it is used. */
export function isConnectionDetail(name: string): boolean {
  return connections.has(wordsOf(name).join(''));
}

/** True for a property that is found beside keys that browsers may know. */
export function isPublicKeySibling(name: string): boolean {
  return [
    'authdomain',
    'measurementid',
    'messagingsenderid',
    'storagebucket',
    'indexname',
    'sitekey',
    'publishablekey',
  ].includes(wordsOf(name).join(''));
}

const lists = new Set([
  'weak',
  'insecure',
  'known',
  'forbidden',
  'banned',
  'blocked',
  'denylist',
  'blacklist',
  'blocklist',
  'disallowed',
  'placeholders',
  'placeholder',
  'mock',
  'mocks',
  'fixture',
  'fixtures',
  'examples',
  'dummy',
  'fake',
  'errors',
  'error',
  'messages',
  'labels',
  'translations',
  'texts',
  'strings',
  'enum',
  'types',
  'routes',
  'paths',
  'fields',
  'columns',
  'events',
  'actions',
  'permissions',
  'headers',
  'selectors',
  'testids',
  'names',
  'keys',
  'icons',
  'colors',
  'tooltips',
  'descriptions',
]);

/** True for the name of a collection whose entries are about credentials and are none. */
export function isAboutCredentials(name: string): boolean {
  return wordsOf(name).some((each) => lists.has(each));
}
