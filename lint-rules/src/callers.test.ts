import { describe, expect, it } from 'vitest';
import { projects } from './project.testing.js';

const lint = projects();
const manifest = { 'package.json': '{ "name": "app" }' };
const connect =
  "const mongoose = require('mongoose'); const connectDB = (url) => mongoose.connect(url); module.exports = connectDB;";

const found: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a function that another file calls with a variable of the environment': {
    'db/connect.js': connect,
    'app.js': "const connectDB = require('./db/connect'); connectDB(process.env.MONGO_URI);",
  },
  'a function that is imported by its name': {
    'src/db.ts':
      "import { Pool } from 'pg'; export function makePool(url) { return new Pool({ connectionString: url }); }",
    'src/main.ts': "import { makePool } from './db.js'; export const pool = makePool(process.env.DATABASE_URL);",
  },
  'one of several functions that a file exports as an object': {
    'db.js':
      "const { Pool } = require('pg'); const open = (password) => new Pool({ host: 'h', password }); module.exports = { open };",
    'app.js': "const db = require('./db'); db.open(process.env.DB_PASSWORD);",
  },
  'a class that keeps what it was given': {
    'src/cache.ts':
      "import Redis from 'ioredis'; export class Cache { client; constructor(private readonly url) {} open() { this.client = new Redis(this.url); } }",
    'src/main.ts': "import { Cache } from './cache'; export const cache = new Cache(process.env.REDIS_URL);",
  },
  'a class that assigns what it was given': {
    'src/cache.ts':
      "import Redis from 'ioredis'; export default class Cache { constructor(url) { this.url = url; } open() { return new Redis(this.url); } }",
    'src/main.ts': "import Cache from './cache'; export const cache = new Cache(process.env.REDIS_URL);",
  },
  'a function that an index hands on': {
    'src/configs/db.ts': "import mongoose from 'mongoose'; export const connectDB = (url) => mongoose.connect(url);",
    'src/configs/index.ts': "export * from './db';",
    'src/main.ts': "import { connectDB } from './configs'; connectDB(process.env.MONGO_URI);",
  },
  'a function that is called without what it has a default for': {
    'src/db.ts':
      "import { Pool } from 'pg'; import { env } from './env'; export const getPool = (connectionString = env.DATABASE_URL) => new Pool({ connectionString });",
    'src/env.ts': 'export const env = process.env;',
  },
  'options that another file gives whole': {
    'src/db.ts': "import { Pool } from 'pg'; export default (options) => new Pool(options);",
    'src/main.ts': "import makePool from './db'; export const pool = makePool({ host: 'h', password: process.env.P });",
  },
};

const fine: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a library that nobody here calls': { 'db/connect.js': connect },
  'a caller that gives a URL without a credential': {
    'db/connect.js': connect,
    'app.js': "const connectDB = require('./db/connect'); connectDB('mongodb://localhost/app');",
  },
  'an example of how a library is called': {
    'src/connect.js': connect,
    'examples/app.js': "const connectDB = require('../src/connect'); connectDB(process.env.MONGO_URI);",
  },
  'a test that calls it': {
    'db/connect.js': connect,
    'test/app.js': "const connectDB = require('../db/connect'); connectDB(process.env.MONGO_URI);",
  },
  'another function of the same name': {
    'db/connect.js': connect,
    'other/connect.js': 'module.exports = (url) => url;',
    'app.js': "const connectDB = require('./other/connect'); connectDB(process.env.MONGO_URI);",
  },
  'a function of the same name in a file that only uses it': {
    'src/db.ts': "import mongoose from 'mongoose'; export const connectDB = (url) => mongoose.connect(url);",
    'src/other.ts': "import { connectDB as open } from './db'; export const connectDB = (name) => open(name);",
    'src/main.ts': "import { connectDB } from './other'; connectDB(process.env.MONGO_NAME);",
  },
  'a caller that gives what asks again': {
    'src/db.ts': "import { Pool } from 'pg'; export const open = (password) => new Pool({ host: 'h', password });",
    'src/main.ts': "import { open } from './db'; export const pool = open(async () => read());",
  },
};

const judged = async (files: Readonly<Record<string, string>>) => {
  const [main = ''] = Object.keys(files);
  const all = await lint('require-pool-refresh', { ...manifest, ...files }, main);
  return all.map((each) => each.replace(/^\d+ /, ''));
};

describe('a client with what a caller in another file gives', () => {
  it.each(Object.entries(found))('is found: %s', async (_, files) => {
    expect(await judged(files)).toEqual(['capturedCredential']);
  });

  it.each(Object.entries(fine))('is left alone: %s', async (_, files) => {
    expect(await judged(files)).toEqual([]);
  });
});
