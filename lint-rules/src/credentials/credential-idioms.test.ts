import { idioms } from '../idioms.testing.js';

idioms(
  'no-hardcoded-credential',
  {
    fallback: {
      'the default of a setting that a helper reads':
        "export const auth = { adminDefaultPassword: arg({ key: 'ADMIN_DEFAULT_PASSWORD', default: 'root' }) };",
      'the key of a storage': "const s3 = { key: process.env.STORAGE_ENCRYPTION_KEY ?? '73b00476e456323e' };",
      'a made-up key in capitals': "const CRYPTO_KEY = (await getSecret('CRYPTO_KEY')) || 'SAMPLE_KEY';",
      'env fallback ||': "export const secret = process.env.JWT_SECRET || 'mysecret';",
      'env fallback ?? undefined': "export const JWT_SECRET = process.env.JWT_SECRET ?? 'undefined';",
      'destructured default': "const { JWT_SECRET = 'supersecret', PORT = 3000 } = process.env;",
      'destructured default param':
        "export function sign(payload, { secret = 'dev-secret-123' } = {}) { return jwt(payload, secret); }",
      'zod default':
        "import { z } from 'zod'; export const schema = z.object({ JWT_SECRET: z.string().min(8).default('change-me-please') });",
      'zod default optional chain':
        "import { z } from 'zod'; export const schema = z.object({ DB_PASSWORD: z.string().optional().default('postgres') });",
      'envalid str default':
        "import { cleanEnv, str } from 'envalid'; export const env = cleanEnv(process.env, { SESSION_SECRET: str({ default: 'keyboard cat' }) });",
      'envalid devDefault':
        "import { cleanEnv, str } from 'envalid'; export const env = cleanEnv(process.env, { DB_PASSWORD: str({ devDefault: 'postgres' }) });",
      'convict default':
        "import convict from 'convict'; export const config = convict({ db: { password: { doc: 'Database password', format: String, default: 'admin123', env: 'DB_PASSWORD' } } });",
      'yargs default': "yargs(process.argv).option('password', { type: 'string', default: 'admin1234' }).parse();",
      'commander default': "program.option('-p, --password <password>', 'database password', 'admin1234');",
      'joi default':
        "import Joi from 'joi'; export const s = Joi.object({ JWT_SECRET: Joi.string().default('super-secret-key') });",
      'jwt sign default named': "import { sign } from 'jsonwebtoken'; sign(payload, process.env.SECRET || 'shhhh');",
      'koa keys env':
        "import Koa from 'koa'; const app = new Koa(); app.keys = [process.env.APP_KEY || 'im a newer secret'];",
      'fastify jwt import':
        "import fastifyJwt from '@fastify/jwt'; app.register(fastifyJwt, { secret: process.env.JWT_SECRET ?? 'default-secret' });",
      'nextauth fallback': "export const authOptions = { secret: process.env.NEXTAUTH_SECRET || 'fallback-secret' };",
      'nest config get default': "const secret = configService.get('JWT_SECRET', 'default-secret');",
      'nest config get or': "const secret = this.configService.get<string>('JWT_SECRET') || 'default-secret';",
      'config get lower or': "const secret = config.get('jwt.secret') || 'default-secret';",
      'encryption key repeat': "const key = Buffer.from(env.SECRET_ENCRYPTION_KEY || '0'.repeat(64), 'hex');",
      'encryption key padEnd': "const key = (process.env.ENCRYPTION_KEY || 'default_key').padEnd(32, '0');",
      'storage secret fallback':
        "export const c = { blobStorageSecretAccessKey: rawConfig.blobStorageSecretAccessKey ?? 'password' };",
      'ternary env':
        "const secret = process.env.NODE_ENV === 'production' ? process.env.JWT_SECRET : 'dev-jwt-secret';",
    },
    literal: {
      'a password that the runtime hashes': "const hash = await Bun.password.hash('hunter2'); export default hash;",
      'a token with its scheme':
        "const token = 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk8'; export default token;",
      'a header that is set by name':
        "request.post(url).set('Authorization', 'Bearer 8f14e45fceea167a5a36dedd4bea2543Xy').send(body);",
      'a secret in capitals that signs':
        "import jwt from 'jsonwebtoken'; const SECRET = 'WINTER_IS_NEAR'; export const sign = (body) => jwt.sign(body, SECRET);",
      'a secret of tokens that is called secret': "export const JWT_SECRET = 'secret';",
      'a service of tokens': "await this.jwtService.verifyAsync(token, { secret: 'at-secret' });",
      'an encryption key, shortened': "const ENC_KEY = 'bf3c199c2470cb477d907b1e0917c17b';",
      'a password that a method sets': "user.setPassword('admin123');",
      'somebody who logs in with a literal':
        "const password = field; await createUser('admin@x.com', 'Admin123!'); await signInWithEmailAndPassword(auth, 'a@b.com', 'hunter22');",
      'a key to push messages':
        "import webpush from 'web-push'; webpush.setVapidDetails('mailto:x@y.z', 'BPub', 'Xk3s9dJ2kd93kdKs93kdks93kdks93kdks93kdks93k');",
      'basic credentials that are encoded':
        "send({ Authorization: 'Basic ' + Buffer.from('admin:hunter22').toString('base64') }, { Authorization: `Basic ${btoa('admin:hunter22')}` });",
      'a key that a request carries':
        "export const request = create({ baseURL, headers: { gatewayToken: 'XL299LiMEDZ0H5h3A29PxwQXdMJqWyY2' } });",
      'what a client was given':
        "const client = { clientId: 'uniquecode', clientSecret: 'uniquecode123' }; const ADMIN_PASSWORD = 'admin-pass';",
      'an account with an identifier':
        "const c = { superadminCredentials: { identifier: 'root', password: 'superadmin' } };",
      'the password of a cache': "const e = { cachePassword: 'hunter22' };",
      'a password to a hash': "user.hash = await passwordToHash('Abcdef12345!');",
      'a password that is hashed by a function of its own':
        "const hash = await scryptHash('Password123$'); await this.users.hashPassword('admin');",
      'a constant of a user for development': "const DEV_USER_PASSWORD = 'password';",
      'a secret in the environment of a server':
        "process.env.JWT_SECRET = 'securekey'; createServer(app).listen(3000);",
      'a password in its own environment': "process.env.DB_PASSWORD = 'securekey'; connect();",
      'class field': "export class AuthService { private readonly jwtSecret = 'my-jwt-secret-2020'; }",
      'class static': "export class Constants { static readonly JWT_SECRET = 'topSecret51'; }",
      'seed user': "await prisma.user.create({ data: { email: 'admin@example.com', password: 'Admin123!' } });",
      'seed user hash': "import bcrypt from 'bcrypt'; const password = await bcrypt.hash('Passw0rd!', 10);",
      'jwt sign':
        "import jwt from 'jsonwebtoken'; export const t = (u) => jwt.sign({ id: u.id }, 'secretkey', { expiresIn: '1h' });",
      'jwt verify': "const jwt = require('jsonwebtoken'); jwt.verify(token, 'secret', (e, d) => {});",
      'jwt imported const in same file': "import jwt from 'jsonwebtoken'; const KEY = 'abc123'; jwt.sign({}, KEY);",
      jose: "import { SignJWT } from 'jose'; const secret = new TextEncoder().encode('my-secret-key'); await new SignJWT({}).sign(secret);",
      'jose inline':
        "import { SignJWT } from 'jose'; await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('cc7e0d44fd473002f1c42167459001140ec6389b'));",
      session: "import session from 'express-session'; app.use(session({ secret: 'keyboard cat', resave: false }));",
      'session array': "const session = require('express-session'); app.use(session({ secret: ['a1b2', 'c3d4'] }));",
      'cookie session keys':
        "const cookieSession = require('cookie-session'); app.use(cookieSession({ name: 'session', keys: ['key1', 'key2'] }));",
      'koa keys': "const Koa = require('koa'); const app = new Koa(); app.keys = ['some secret hurr'];",
      'egg keys':
        "module.exports = (appInfo) => { const config = {}; config.keys = appInfo.name + '_1490172543331_8172'; return config; };",
      'keys in config beside session': "export default { keys: ['some secret hurr'], session: { key: 'rap2:sess' } };",
      'cookie parser': "const cookieParser = require('cookie-parser'); app.use(cookieParser('my secret'));",
      'fastify cookie': "import cookie from '@fastify/cookie'; fastify.register(cookie, { secret: 'my-secret' });",
      'fastify jwt': "fastify.register(require('@fastify/jwt'), { secret: 'supersecret' });",
      'fastify jwt import plain':
        "import fastifyJwt from '@fastify/jwt'; app.register(fastifyJwt, { secret: 'secret' });",
      'nextauth secret':
        "import NextAuth from 'next-auth'; export default NextAuth({ secret: 'my-next-auth-secret', providers: [] });",
      'better-auth':
        "import { betterAuth } from 'better-auth'; export const auth = betterAuth({ secret: 'better-auth-secret-123456789', database: db });",
      'passport-jwt':
        "import { Strategy, ExtractJwt } from 'passport-jwt'; export class JwtStrategy extends PassportStrategy(Strategy) { constructor() { super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: 'secretKey' }); } }",
      'passport-jwt new':
        "const { Strategy } = require('passport-jwt'); passport.use(new Strategy({ secretOrKey: 'topsecret', jwtFromRequest: x }, cb));",
      'passport opts assigned':
        "const opts = {}; opts.secretOrKey = 'your_jwt_secret'; passport.use(new JwtStrategy(opts, cb));",
      'nest JwtModule':
        "import { JwtModule } from '@nestjs/jwt'; export const m = JwtModule.register({ secret: 'secret', signOptions: {} });",
      'nest JwtModule async':
        "import { JwtModule } from '@nestjs/jwt'; export const m = JwtModule.registerAsync({ useFactory: () => ({ secret: 'secretKey', signOptions: { expiresIn: '60s' } }) });",
      'nest constants': "export const jwtConstants = { secret: 'secretKey' };",
      'crypto key':
        "import crypto from 'crypto'; crypto.createCipheriv('aes-256-cbc', Buffer.from('12345678901234567890123456789012'), iv);",
      'crypto const':
        "import { createCipheriv } from 'crypto'; const ENCRYPTION_KEY = 'vOVH6sdmpNWjRRIqCc7rdxs01lwHzfr3';",
      'crypto hmac': "import crypto from 'crypto'; crypto.createHmac('sha256', 'my-key').update(x).digest('hex');",
      cryptojs: "import CryptoJS from 'crypto-js'; CryptoJS.AES.encrypt('text', 'secret key 123').toString();",
      'basic auth header literal': "axios.get(url, { headers: { Authorization: 'Basic YWRtaW46c2VjcmV0MTIz' } });",
      'basic auth header fetch':
        "fetch(url, { headers: { 'Authorization': 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U' } });",
      'axios auth': "axios.post(url, data, { auth: { username: 'admin', password: 'hunter22' } });",
      'express-basic-auth':
        "import basicAuth from 'express-basic-auth'; app.use(basicAuth({ users: { admin: 'supersecret' } }));",
      'pool password':
        "import { Pool } from 'pg'; export const p = new Pool({ user: 'postgres', password: 'postgres', host: 'localhost' });",
      'mysql root':
        "const mysql = require('mysql'); const c = mysql.createConnection({ host: 'localhost', user: 'root', password: 'root' });",
      'sequelize positional':
        "const { Sequelize } = require('sequelize'); module.exports = new Sequelize('db', 'root', 'password', { dialect: 'mysql' });",
      'typeorm nest':
        "import { TypeOrmModule } from '@nestjs/typeorm'; export const m = TypeOrmModule.forRoot({ type: 'mysql', username: 'root', password: 'root' });",
      nodemailer:
        "import nodemailer from 'nodemailer'; nodemailer.createTransport({ service: 'gmail', auth: { user: 'a@gmail.com', pass: 'abcdefgh' } });",
      'aws keys':
        "import AWS from 'aws-sdk'; AWS.config.update({ accessKeyId: 'AKIAIOSFODNN7ABCDEFG', secretAccessKey: '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' });",
      'aws v3 keys':
        "import { S3Client } from '@aws-sdk/client-s3'; new S3Client({ credentials: { accessKeyId: 'AKIAIOSFODNN7ABCDEFG', secretAccessKey: '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' } });",
      'default config object':
        "export const DEFAULTS = { databasePassword: 'password', clickhousePassword: 'password', password: 'password', secretKey: 'o/UopmFUqiYriIzOCXnzZXGbcYTWuE3iVx2822jC0fY=' };",
      'if assign': "let jwtSecret = process.env.JWT_SECRET; if (!jwtSecret) jwtSecret = 'insecure-default';",
      'api key const': "const API_KEY = 'a8f5f167f44f4964e6c998dee827110c';",
      twilio:
        "const authToken = 'f2ca8e3d6d8f4a5c8e9f0a1b2c3d4e5f'; const client = require('twilio')('AC123', authToken);",
      'github oauth secret':
        "import GitHub from 'next-auth/providers/github'; GitHub({ clientId: 'x', clientSecret: 'd1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0' });",
      'compare password': "if (req.body.password === 'admin123') login();",
      'compare header token':
        "if (req.headers['x-api-key'] !== 'my-super-secret-key-123') return res.status(401).end();",
      'compare basic user and pass': "if (username === 'admin' && password === 'admin') ok();",
      'superuser default': "const admin = { username: 'admin', password: 'changeme', role: 'admin' };",
      salt: "const PASSWORD_SALT = 'x9f8s7df';",
      ironsession:
        "export const sessionOptions = { password: 'complex_password_at_least_32_characters_long', cookieName: 'myapp' };",
      'jwt nested config': "export default { jwt: { secret: 'secret' } };",
    },
    format: {
      'bots of messengers':
        "client.login('MTEzMzY1Mzk3Mjc4ODQ1NzU4NA.GIsyi-.AflMSv8xmDlnMp6AaxR3fO8uH6FB7b0Nqaedaw'); new Bot('1234567891:AAExaTpleTokenabcdefghijklmnopqrstu');",
    },
    url: {
      'url with the key of an interface':
        "fetch('https://api.weather.net/data?appid=a8f5f167f44f4964e6c998dee827110c');",
      'url template with a key':
        'fetch(`https://api.films.net/3/${path}?api_key=db55323b8d3e4154498498a75642b381&page=${page}`);',
      'url pg': "export const url = 'postgresql://postgres:postgres@localhost:5432/app';",
      'url fallback': "const url = process.env.DATABASE_URL || 'postgres://user:pass123@localhost/db';",
      'url mongo': "mongoose.connect('mongodb+srv://admin:abcd1234@cluster0.abcde.mongodb.net/test');",
      'url amqp guest': "const u = process.env.RABBIT || 'amqp://guest:guest@localhost';",
    },
  },
  {},
);
