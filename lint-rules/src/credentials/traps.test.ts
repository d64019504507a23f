import { idioms } from '../idioms.testing.js';

idioms(
  'no-hardcoded-credential',
  {},
  {
    'placeholder ui': 'export const F = () => <input type="password" placeholder="Password" name="password" />;',
    i18n: "export const messages = { password: 'Password', forgotPassword: 'Forgot password?', confirmPassword: 'Confirm your password' };",
    labels: "const labels = { password: 'Password', secretKey: 'Secret key', token: 'Token' };",
    enum: "export enum Fields { Password = 'password', ApiKey = 'api_key', Secret = 'secret' }",
    routes:
      "export const ROUTES = { resetPassword: '/reset-password', password: '/account/password', token: 'auth/token' };",
    'header names': "export const HEADERS = { apiKey: 'x-api-key', token: 'x-auth-token', csrfToken: 'X-CSRF-Token' };",
    'header const': "const API_KEY_HEADER = 'x-api-key'; const TOKEN_HEADER = 'authorization';",
    'form names': "const fields = [{ name: 'password', type: 'password' }, { name: 'secret', type: 'text' }];",
    'type names': "const types = { password: 'string', token: 'string', apiKey: 'varchar' };",
    'mongoose schema':
      "const schema = new Schema({ password: { type: String, required: true }, token: { type: 'string', default: '' } });",
    'storage keys':
      "const TOKEN_KEY = 'access_token'; const ACCESS_TOKEN_KEY = 'app.accessToken'; const REFRESH_TOKEN = 'refreshToken';",
    'storage keys named key': "const AUTH_KEY = 'auth-user'; localStorage.getItem('token-2');",
    'query param': "const url = `/api?token=${token}&api_key=${key}`; const TOKEN_PARAM = 'access_token';",
    css: "const passwordSelector = '#password'; const tokenInput = '.token-input'; const sel = { password: 'input[type=\"password\"]', apiKey: '#api-key-2' };",
    'regex string':
      "const passwordPattern = '^(?=.*[A-Z]).{8,}$'; const password = { pattern: '^[a-z0-9]{8,}$', message: 'x' };",
    empty: "const password = ''; const secret = process.env.SECRET || '';",
    'public key': "const publicKey = 'pk_live_51H8abcdefghijk'; const stripePublishableKey = 'pk_test_51abcdefghijkl';",
    'datadog client token':
      "datadogRum.init({ applicationId: '898ea704', clientToken: 'pub40fb07aa43d3f6f034d8fcc7f1df867b', site: 'datadoghq.com' });",
    firebase:
      "const firebaseConfig = { apiKey: 'AIzaSyD-abcdefghijklmnopqrstuvwxyz12345', authDomain: 'x.firebaseapp.com' };",
    swagger: "class Dto { @ApiProperty({ example: 'Password123!', description: 'The password' }) password: string; }",
    'swagger jsdoc object':
      "const doc = { properties: { password: { type: 'string', example: 'secret123' }, token: { type: 'string', description: 'JWT token' } } };",
    'an example of an operation':
      "class C { @Example<Dto>({ token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI1In0.signature' }) @Get('token') token() {} }",
    'the beginning of a key':
      "const client = new Wrapper({ apiKey: process.env.OPENAI_API_KEY || 'sk-proj-' }); const stripe = new Stripe(process.env.STRIPE_SECRET_KEY || 'sk_nothing');",
    digest: "manager.delete(Schema, { password: '8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918' });",
    'error codes': "const errors = { INVALID_PASSWORD: 'auth/invalid-password', TOKEN_EXPIRED: 'auth/token-expired' };",
    'action types': "export const SET_TOKEN = 'SET_TOKEN'; export const RESET_PASSWORD = 'user/resetPassword';",
    'env names': "const names = { password: 'DB_PASSWORD', secret: 'JWT_SECRET' };",
    'secret manager id':
      "const secretId = 'prod/db/password'; const SECRET_NAME = 'prod/app/secret'; const dbSecret = 'arn:aws:secretsmanager:eu:1:secret:x';",
    hash: "const passwordHash = '$2b$10$abcdefghijklmnopqrstuv'; const user = { email: 'a@b.c', password: '$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy' };",
    mask: "const password = '********'; const token = '[REDACTED]'; const PENDING_PASSWORD = '__pending';",
    mockjs: "const user = () => mock({ email: '@email', password: '@word(6)' });",
    'local s3':
      "import AWS from 'aws-sdk'; const s3 = new AWS.S3({ credentials: { accessKeyId: 'foobar', secretAccessKey: 'foobar' }, endpoint: bucketEndpoint, s3ForcePathStyle: true });",
    localstack:
      "import { S3Client } from '@aws-sdk/client-s3'; new S3Client({ endpoint: 'http://localhost:4566', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });",
    'minio local':
      "import { S3Client } from '@aws-sdk/client-s3'; new S3Client({ endpoint: 'http://localhost:9000', credentials: { accessKeyId: 'minioadmin', secretAccessKey: 'minioadmin' } });",
    'openai ollama':
      "import OpenAI from 'openai'; new OpenAI({ baseURL: 'http://localhost:11434/v1', apiKey: 'ollama' });",
    'openai dummy': "import OpenAI from 'openai'; new OpenAI({ apiKey: process.env.OPENAI_API_KEY || 'dummy-key' });",
    'token types': "const tokenType = 'Bearer'; const grant = { token_type: 'bearer', token: 'jwt' };",
    'design tokens': "const tokens = { colorToken: 'primary-500', spacingToken: 'md' };",
    'zod message':
      "z.object({ password: z.string().min(8, 'Password must be 8 chars'), token: z.string({ message: 'Token required' }) });",
    'jsx attr': 'const x = <Field name="password" label="Password" token="abc" />;',
    'compare type': "if (type === 'password') x(); if (field.name === 'secret') y();",
    switch: "switch (key) { case 'password': return 1; case 'token': return 2; }",
    'url no cred': "const url = 'postgres://localhost:5432/app'; const u2 = 'https://user@example.com/x';",
    'url placeholder': "const url = 'postgres://user:password@host:5432/db';",
    'url template': 'const url = `postgres://${user}:${password}@${host}/db`;',
    'your secret placeholder issued': "const clientSecret = process.env.CLIENT_SECRET || 'your-client-secret';",
    graphql: 'const typeDefs = `type Mutation { login(email: String!, password: String!): Token }`;',
    'sql columns':
      "const columns = ['id', 'email', 'password']; const select = { password: 'users.password', token: 't.token' };",
    'select false': "const q = { select: { password: 'false' }, order: { token: 'ASC' } };",
    'cache keys':
      "const CACHE_KEYS = { token: 'cache:token:v1', apiKey: 'cache_api_key_2' }; const REDIS_TOKEN_KEY = 'auth:token:';",
    'di tokens': "export const CONFIG_TOKEN = 'CONFIG_TOKEN'; export const MAILER_TOKEN = 'mailer_service_v2';",
    icons: "const icons = { password: 'lock', secret: 'fa-key', token: 'mdi-key-2' };",
    algorithm: "const JWT_ALGORITHM = 'HS256'; const opts = { algorithms: ['HS256'] };",
    'telegram env getter': "const token = getEnv('BOT_TOKEN'); const t2 = required('API_KEY');",
    autocomplete: "const props = { autoComplete: 'current-password', type: 'password', id: 'password1' };",
    testid: "const ids = { password: 'login-password-input', token: 'token-field-1' };",
    'object keys list':
      "const keys = ['id', 'name', 'token']; const config = { keys: ['name', 'email'], threshold: 0.3 };",
    'fuse keys beside session': "const fuse = new Fuse(list, { keys: ['title', 'author'] });",
    'sort keys react': "const opts = { session: 'x', keys: ['Enter', 'Escape'] };",
    'pulumi names': "const secret = new kubernetes.core.v1.Secret('db-secret', { metadata: { name: 'db-secret' } });",
    'vscode setting keys': "const SETTING = { apiKey: 'openai.apiKey', token: 'github.token' };",
    'nonce csp': "const scriptNonce = 'abc123';",
    sentence: "const password = 'Please enter a password'; const tokenHelp = 'Paste your token here';",
    'recaptcha site key': "const RECAPTCHA_SITE_KEY = '6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI';",
    'algolia search':
      "docsearch({ apiKey: '25626fae796133dc1e734c6bcaaeac3c', indexName: 'docs', inputSelector: '#q' });",
    mapbox: "mapboxgl.accessToken = 'pk.eyJ1IjoiYSIsImEiOiJiIn0.abcdefghijklmnop';",
    posthog: "posthog.init('phc_abcdefghijklmnopqrstuvwxyz0123456789', { api_host: 'x' });",
    'sentry dsn': "Sentry.init({ dsn: 'https://abcdef0123456789@o1.ingest.sentry.io/1' });",
    'contract addresses':
      "const tokens = { token: '0x6B175474E89094C44Da98b954EedeAC495271d0F', rewardToken: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48' };",
    'token address const': "export const TOKEN = '0x6B175474E89094C44Da98b954EedeAC495271d0F';",
    'solana mint': "const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';",
    'next page token': "const nextPageToken = 'abc123def456'; const pageToken = 'CAUQAA1234';",
    idempotency:
      "const idempotencyKey = 'order-1234567'; const partitionKey = 'user#12345'; const primaryKey = 'id_123456';",
    'flagsmith env id':
      "const sortKey = 'createdAt2'; const foreignKey = 'user_id_2'; const cacheKey = 'v2:users:12345';",
    'api key name attr': "const apiKeyName = 'X-API-KEY-2';",
    'jwt keys map': "export const JWT_KEYS = { secret: 'jwt.secret' };",
    'session name map': "export const sessionStorage = { secretLabel: 'Secret' };",
    'webhook basic': "const h = { Authorization: 'Bearer YOUR_ACCESS_TOKEN_HERE_1234' };",
    'bearer template': 'const h = { Authorization: `Bearer ${token}` };',
    'schema auth': "const s = { Authorization: 'Basic', authorization: 'string' };",
    'keys of fuse': 'export default { session: { a: 1 }, keys: [KEY_A, keyB] };',
    'header compare': "if (req.headers['content-type'] === 'application/json2' || tokenType === 'bearer1') x();",
    'token compare enum': "if (token === 'ETH' || token === 'USDC2') x();",
    'names of resources':
      "const suffixes = { containerRegistry: 'app-container-registry', runtimeSecret: 'app-runtime-secret', vpcNetwork: 'vpc-network', postgresPassword: 'app-postgres-password' };",
    'a word with a number': "export const MENTION_TOKEN = 'group6529';",
    'a secret of its own environment, so that a check passes':
      "process.env.SESSION_SECRET ??= 'export-secret-at-least-32-characters'; if (!process.env.JWT_SECRET) process.env.JWT_SECRET = 'securekey';",
    'a hash of something else': "const key = fileHash('Password123$'); const etag = hash('secret-1');",
    'the name of the cookie of a session':
      "import session from 'express-session'; app.use(session({ key: 'app.sid', secret: config.secret }));",
    'whether there is one': "const info = { SESSION_SECRET: process.env.SESSION_SECRET ? 'set' : 'not there' };",
    'who asks, without a key': "const call = { apiKey: context.apiKey ?? 'internal-agent' };",
    'a builder of options': "const o = { password: string('password').alias('p').required() };",
    'a stand-in that repeats the variable': "const c = { apiKey: process.env.CLOUD_KEY || 'cloud_key' };",
    'zeros where somebody hands out a key':
      "const c = { apiKey: process.env.CASTER_SECRET_KEY || '00000000-000-0000-000-000000000000' }; z.object({ SITE_API_KEY: z.string().default('1x0000000000000000000000000000000AA') });",
    'types of fields that may be missing':
      "validate({ password: 'string', old_password: '?string', 'confirm-password': 'string' });",
    'the table that an alias stands for': "query.join({ default_secret: 'api_secrets' }, on);",
    'the key of an application in reverse': "const j = { key: config.appKey || 'com.example.node-connect-app' };",
    'a state in the place of an account':
      "const w = { username: 'pending_provisioning', password: 'pending_provisioning' }; const d = { password: process.env.DB_PASSWORD || 'no-password' };",
    'a key that says it is none': "const g = { client_email: 'a@b.iam', private_key: 'not-a-real-key' };",
    'a sentence for a key': "const t = { authSecret: process.env.CODEC_SECRET || 'just empty text' };",
    'a digest of a password in an account':
      "insert({ email: 'a@b.c', password: '8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918' });",
    'the name of a header of a request': "send({ headers: { apiKey: 'x-api-key', token: 'x-auth-token-2' } });",
    'where something is stored':
      "const e = { storageKey: 'v2:settings-12', cacheKey: 'abcd1234', pageToken: 'abc12345' };",
    'a version of a record': "const event = { data: { version_token: 'FfQhQJf9r3VSQIgyWBk1oqhIwiznLwVw' } };",
    'where a library keeps something': "export const ENCRYPTION_KEY = 'app.cache.encryption';",
    'a name that warns': "const ReactPropTypesSecret = 'SECRET_DO_NOT_PASS_THIS_OR_YOU_WILL_BE_FIRED';",
    'an example in the description of an interface':
      "const spec = { requestBody: { example: { email: 'a@b.com', password: 'hunter22' } } };",
    'a URL that names what goes there': "const url = 'https://oauth2:TOKEN@gitlab.com/x/y.git';",
    'a URL of a dummy': "const url = process.env.DATABASE_URL ?? 'postgres://dummy:dummy@localhost:5432/dummy';",
    'digits in a row for a key':
      "import { Resend } from 'resend'; new Resend('re_123456789'); const o = { apiKey: 'sk-1234567890' };",
    'a form that is emptied': "setPassword(''); setPassword(value2); send('a@b.c', 'subject 1');",
    'what a field is called': "const map = { dbPass: 'db-pass', userPassword: 'user_pass' };",
    'a key of zeros that always passes':
      "const o = { TURN_SECRET_KEY: str({ default: '1x0000000000000000000000000000000AA' }) };",
    'names of settings': "const names = { jwtSecret: 'jwt.secret', cookieSecret: 'cookie_secret' };",
    'basic credentials that are examples': "const header = { Authorization: 'Basic ' + btoa('user:password') };",
    'a URL with a key of a browser or a placeholder':
      "const a = 'https://maps.net/js?key=AIzaSyD1234567890abcdefghijklmnopqrst'; const b = 'https://x.y/?api_key=your_api_key_goes_here'; const c = `https://x.y/?api_key=${apiKey}`;",
    'option verbose':
      "program.option('-t, --token-type <type>', 'type', 'bearer1'); program.option('--secret-name <n>', 'name', 'prod/db1');",
  },
);
