import type { CredentialKind } from './names.js';

/** A function of a library that takes a credential: which argument, or which property of which argument. */
export interface Sink {
  readonly modules: readonly string[];
  /** Members of the module, joined by dots; '' is the module itself, `*` any member. */
  readonly members: readonly string[];
  readonly argument: number;
  /** Paths inside the argument. Without them the argument itself is the credential. */
  readonly properties?: readonly string[];
  readonly kind: CredentialKind;
}

/** Where credentials go beside the drivers' own constructors, which `clients` has. */
export const sinks: readonly Sink[] = [
  {
    // `key` of these two is the name of the cookie.
    modules: ['express-session', 'koa-session'],
    members: [''],
    argument: 0,
    properties: ['secret'],
    kind: 'secret',
  },
  {
    modules: [
      'cookie-session',
      'iron-session',
      '@fastify/session',
      '@fastify/secure-session',
      '@fastify/cookie',
      'client-sessions',
    ],
    members: ['', 'getIronSession', 'sealData', 'unsealData'],
    argument: 0,
    properties: ['secret', 'keys', 'key', 'password'],
    kind: 'secret',
  },
  { modules: ['cookie-parser', 'express-csrf'], members: [''], argument: 0, kind: 'secret' },
  {
    modules: ['jsonwebtoken', 'jwt-simple', 'njwt'],
    members: ['sign', 'verify', 'encode', 'decode', 'create'],
    argument: 1,
    kind: 'secret',
  },
  {
    modules: ['express-jwt', 'koa-jwt', '@fastify/jwt', 'hono/jwt'],
    members: ['', 'expressjwt', 'jwt'],
    argument: 0,
    properties: ['secret'],
    kind: 'secret',
  },
  { modules: ['hono/jwt'], members: ['sign', 'verify'], argument: 1, kind: 'secret' },
  { modules: ['jose'], members: ['jwtVerify', 'jwtDecrypt'], argument: 1, kind: 'secret' },
  {
    modules: ['jose'],
    members: ['SignJWT.*.sign', 'EncryptJWT.*.encrypt'],
    argument: 0,
    kind: 'secret',
  },
  { modules: ['hono/cookie'], members: ['setSignedCookie'], argument: 3, kind: 'secret' },
  { modules: ['passport-jwt'], members: ['Strategy'], argument: 0, properties: ['secretOrKey'], kind: 'secret' },
  {
    modules: ['@nestjs/jwt'],
    members: ['JwtModule.register', 'JwtModule.registerAsync', 'JwtService'],
    argument: 0,
    properties: ['secret', 'secretOrPrivateKey', 'privateKey'],
    kind: 'secret',
  },
  {
    modules: ['crypto'],
    members: ['createHmac', 'createCipheriv', 'createDecipheriv', 'createCipher', 'createDecipher'],
    argument: 1,
    kind: 'secret',
  },
  { modules: ['crypto'], members: ['scrypt', 'scryptSync', 'pbkdf2', 'pbkdf2Sync'], argument: 0, kind: 'secret' },
  {
    modules: ['crypto-js'],
    members: ['AES.encrypt', 'AES.decrypt', 'HmacSHA256', 'HmacSHA512', 'HmacSHA1', 'DES.encrypt', 'TripleDES.encrypt'],
    argument: 1,
    kind: 'secret',
  },
  { modules: ['crypto-js/aes'], members: ['encrypt', 'decrypt'], argument: 1, kind: 'secret' },
  {
    modules: ['bcrypt', 'bcryptjs', 'argon2', '@node-rs/bcrypt', '@node-rs/argon2'],
    members: ['hash', 'hashSync'],
    argument: 0,
    kind: 'password',
  },
  {
    modules: ['nodemailer'],
    members: ['createTransport'],
    argument: 0,
    properties: ['auth.pass', 'auth.clientSecret', 'auth.refreshToken'],
    kind: 'password',
  },
  {
    modules: ['stripe', 'openai', '@anthropic-ai/sdk', 'resend', 'twilio', 'razorpay', 'groq-sdk', 'cohere-ai'],
    members: ['', 'Stripe', 'OpenAI', 'Anthropic', 'Resend', 'Razorpay', 'Groq'],
    argument: 0,
    properties: ['apiKey', 'key_secret', 'authToken'],
    kind: 'issued',
  },
  {
    modules: ['aws-sdk'],
    members: ['config.update', '*'],
    argument: 0,
    properties: ['secretAccessKey', 'credentials.secretAccessKey', 'sessionToken'],
    kind: 'issued',
  },
  {
    modules: ['ldapjs', 'ldapts'],
    members: ['createClient', 'Client'],
    argument: 0,
    properties: ['bindCredentials'],
    kind: 'password',
  },
  {
    modules: ['basic-ftp', 'ssh2', 'ssh2-sftp-client', 'node-ssh', 'ftp', 'imap', 'node-imap'],
    members: ['', 'Client', '().connect', 'Client.().connect', '().access', 'Client.().access'],
    argument: 0,
    properties: ['password', 'passphrase'],
    kind: 'password',
  },
  {
    modules: ['neo4j-driver', 'neo4j-driver-lite'],
    members: ['auth.basic', 'v1.auth.basic'],
    argument: 1,
    kind: 'password',
  },
  { modules: ['web-push'], members: ['setVapidDetails'], argument: 2, kind: 'issued' },
  { modules: ['express-basic-auth'], members: [''], argument: 0, properties: ['users.*'], kind: 'password' },
  { modules: ['@pulumi/pulumi'], members: ['secret'], argument: 0, kind: 'password' },
];
