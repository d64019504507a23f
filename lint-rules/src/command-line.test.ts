import { describe, expect, it } from 'vitest';
import { projects } from './project.testing.js';

const lint = projects();

const source =
  "import { DataSource } from 'typeorm';\nexport default new DataSource({ type: 'postgres', host: 'db', username: 'app', password: process.env.DB_PASSWORD });";
const server = "import { routes } from './routes.js';\nimport typeorm from 'typeorm';\nroutes(app).listen(80);\n";
const finding = ['2 capturedCredential'];

const judged = async (
  scripts: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  { file = 'src/orm.config.ts', manifest = {}, rule = 'require-pool-refresh' } = {},
) =>
  await lint(
    rule,
    {
      'package.json': JSON.stringify({ scripts, dependencies: { typeorm: '1' }, ...manifest }),
      'src/server.ts': server,
      [file]: source,
      ...files,
    },
    file,
  );

const migrate = { migrate: 'typeorm migration:run -d src/orm.config.ts' };

describe('a data source that a script gives to the command line, and nothing loads', () => {
  it.each([
    ['typeorm migration:run -d src/orm.config.ts'],
    ['typeorm-ts-node-commonjs migration:generate ./migrations/next -d ./src/orm.config.ts'],
    ['npm run typeorm -- --dataSource=src/orm.config.ts migration:run'],
    [
      'cross-env NODE_ENV=production ts-node ./node_modules/typeorm/cli.js migration:run --data-source "src/orm.config"',
    ],
    ['node --env-file=.env ./node_modules/typeorm/cli -d ./dist/src/orm.config.js'],
    ['npm run build && typeorm migration:run -d dist/orm.config.js'],
    ['cd src && typeorm migration:run -d orm.config.ts; echo done'],
    ['mikro-orm migration:up --config=./src/orm.config.ts'],
    ['cross-env MIKRO_ORM_CLI_CONFIG=./src/orm.config.ts mikro-orm-esm migration:up'],
    ['tsx ../node_modules/.bin/knex migrate:latest --knexfile ./src/orm.config.ts'],
    ['ts-node ./node_modules/typeorm-extension/bin/cli.cjs seed:run -d src/orm.config.ts'],
    ['sequelize-cli db:migrate --config build/orm.config.js'],
  ])('is left alone: %s', async (script) => {
    expect(await judged({ script })).toEqual([]);
  });

  it('is left alone where the configuration of MikroORM names it', async () => {
    const manifest = { 'mikro-orm': { configPaths: ['./src/orm.config.ts', './dist/orm.config.js'] } };
    expect(await judged({}, {}, { manifest })).toEqual([]);
  });

  it.each([['require-connection-lifetime'], ['require-pool-drain']])('is left alone by %s', async (rule) => {
    const files = {
      'src/orm.config.ts': source.replace('default', 'const source ='),
      'src/other.ts': 'await other.initialize();',
    };
    expect(await judged({}, files, { rule })).toHaveLength(1);
    expect(await judged(migrate, files, { rule })).toEqual([]);
  });

  it.each([
    [0, 'its options alone', "import { options } from './orm.config.js';", ''],
    [1, 'the data source', "import source from './orm.config.js';", ''],
    [1, 'everything', "import * as all from './orm.config.js';", ''],
    [1, 'its options, beside a path that is computed', "import { options } from './orm.config.js';", 'import(name);'],
  ])('has %i findings where others take %s', async (count, _, taking, beside) => {
    const text =
      "import { DataSource } from 'typeorm';\nexport const options = { type: 'postgres', url: process.env.DATABASE_URL };\nexport default new DataSource(options);\n";
    const files = { 'src/app.ts': taking, 'src/b.ts': beside, 'src/orm.config.ts': text };
    expect(await judged(migrate, files)).toHaveLength(count);
  });

  it('is left alone where a manifest further up names it', async () => {
    const file = 'api/src/orm.config.ts';
    const script = 'typeorm migration:run -d api/src/orm.config.ts';
    expect(await judged({ script }, { 'api/package.json': '{}' }, { file })).toEqual([]);
  });

  it.each([
    ['a test', 'src/orm.test.ts', "import source from './orm.config.js';"],
    ['a namesake of another folder', 'src/jobs/run.ts', "import config from './orm.config.js';"],
    ['a package of that name', 'src/run.ts', "import config from 'typeorm/orm.config';"],
    ['what is in another folder', 'src/run.ts', 'await import(`./tasks/${name}.js`);'],
    ['a file of another name', 'src/run.ts', "await import(join(folder, 'index.js'));"],
    ['a constant that is another name', 'src/run.ts', "const FILE = 'index.js';\nrequire(path.join(folder, FILE));"],
  ])('is left alone beside %s', async (_, name, text) => {
    expect(await judged(migrate, { [name]: text })).toEqual([]);
  });
});

describe('a data source that lives longer than a command', () => {
  it.each([
    ['no script names', {}],
    ['another one is named', { migrate: 'typeorm migration:run -d src/other.config.ts' }],
    ['a variable names it', { migrate: 'typeorm migration:run -d src/$NAME.ts' }],
    ['the option belongs to another program', { dev: 'nodemon -d src/orm.config.ts' }],
    ['a script starts it, too', { ...migrate, start: 'node dist/orm.config.js' }],
  ])('is a finding where %s', async (_, scripts) => {
    expect(await judged(scripts)).toEqual(finding);
  });

  it.each([
    ['an import', "import source from './orm.config.js';"],
    ['an import without an ending', "import source from './orm.config';"],
    ['a re-export', "export * from './orm.config.js';"],
    ['require', "const source = require('./orm.config');"],
    ['a dynamic import', "await import(/* later */ './orm.config.js');"],
    ['an alias of the sources', "import source from '@/orm.config';"],
    ['a folder that is searched first', "import source from 'src/orm.config';"],
    ['an alias of the package', "import source from '#orm.config';"],
    ['what is built', "const source = require('../dist/orm.config.js');"],
    ['a path that is computed', 'await import(pathOf(name));'],
    ['a path that begins in its folder', 'await import(`./${name}.js`);'],
    ['a path that is put together', "require('../src/' + name);"],
    ['a path that ends in its name', "require(path.join(__dirname, 'orm.config.js'));"],
    ['a path that ends in a constant', "const FILE = 'orm.config.js';\nawait import(join(folder, FILE));"],
    ['a path that ends in what may change', "let FILE = 'a.js';\nFILE = name;\nrequire(join(folder, FILE));"],
    ['a path that ends in a folder', "require(path.join(__dirname, '..'));"],
    ['a path behind its folder', "require(__dirname + '/orm.config.js');"],
    ['a path behind its folder that is computed', 'require(__dirname + name);'],
  ])('is a finding where another file loads it by %s', async (_, text) => {
    expect(await judged(migrate, { 'src/run.ts': text })).toEqual(finding);
  });

  it('is a finding where MikroORM looks for it by itself', async () => {
    const files = { 'src/run.ts': "import { MikroORM } from '@mikro-orm/core';\nawait MikroORM.init();" };
    expect(await judged({ migrate: 'mikro-orm migration:up --config src/orm.config.ts' }, files)).toEqual(finding);
  });

  it('is a finding where its package hands it out', async () => {
    expect(await judged(migrate, {}, { manifest: { exports: { './orm': './dist/orm.config.js' } } })).toEqual(finding);
  });

  it('is a finding where it opens the port itself', async () => {
    const served = `${source}\nhttp.createServer(answer);`;
    expect(await judged(migrate, { 'src/orm.config.ts': served })).toEqual(finding);
  });

  it.each([
    ['the folder that it stands for is loaded', "import source from './db';", finding],
    ['another folder is loaded', "import source from './dba';", []],
  ])('is judged by what is loaded: %s', async (_, text, expected) => {
    const scripts = { migrate: 'typeorm migration:run -d src/db/index.ts' };
    expect(await judged(scripts, { 'src/run.ts': text }, { file: 'src/db/index.ts' })).toEqual(expected);
  });
});
