import path from 'node:path';
import { type Node, isFunction, keyOf, nameOf } from './ast.js';
import { modulesOf, namesAnyOf } from './modules.js';
import type { Source } from './origin.js';

const paths = new WeakMap<object, string>();

/** The file's path inside the project: folders above it say nothing about it. */
export function pathOf(context: FileContext): string {
  const { ast } = context.sourceCode;
  const known = paths.get(ast);
  if (known !== undefined) return known;
  const { cwd, filename } = context;
  const isInside = filename.startsWith(cwd) && /[\\/]/.test(filename.charAt(cwd.length));
  const inside = isInside ? filename.slice(cwd.length + 1) : path.relative(cwd, filename);
  const found = inside.startsWith('..') ? path.basename(filename) : inside;
  paths.set(ast, found);
  return found;
}

const testFolder =
  /(?:^|[\\/])\.?(?:[a-z0-9]+[-_])*(?:_*tests?_*|__mocks__|__fixtures__|specs?|e2e|cypress|playwright|fixtures?|mocks?|testing|test-?(?:utils?|helpers?|data|support)|storybook)(?:[-_][a-z0-9]+)*[\\/]/i;
const testSettings = /(?:^|[\\/])tests?\.[cm]?[jt]sx?$/i;

/** True for a file that is called `test` and no more: the settings of an environment, in which what others have issued still opens something. */
export function isTestSettings(context: FileContext): boolean {
  return testSettings.test(pathOf(context)) && !testFolder.test(pathOf(context));
}

/** Cucumber's folders, by its convention. */
const featureFolder = /(?:^|[\\/])features[\\/](?:support|step[-_]?definitions|steps)[\\/]/i;
const testName = /[._-](?:test|tests|spec|specs|e2e|cy|stories|story|fixture|fixtures|mock|mocks)\.[cm]?[jt]sx?$/i;
/** `jest.setup.ts`, `vitestSetup.ts`, `vitest.config.integration.ts` */
const testRunner =
  /(?:^|[\\/])(?:jest|vitest|cypress|playwright|karma)(?:(?:global)?(?:setup|env))?(?:[-.]\w+)*\.[cm]?[jt]sx?$/i;
const namedForTests =
  /(?:^|[\\/])(?:[a-z0-9]*Test(?:s|Utils?|Helpers?|Data|Setup|Env(?:Vars|ironment)?|Db|Database)?|test(?:[-_.]?(?:[uU]tils?|[hH]elpers?|[dD]ata|[sS]etup|[cC]onstants?|[sS]erver|[cC]redentials?|[eE]nv(?:ironment)?|[fF]ixtures?|[dD]atabase|[dD]b))|mock-[\w.-]+)(?:\.[a-z]+)?\.[cm]?[jt]sx?$/;
/** `functionalTests/` */
const testsInWords = /(?:^|[\\/])[a-z][a-zA-Z0-9]*Tests[\\/]/;
const testModules = new Set([
  'vitest',
  'vitest/config',
  '@jest/globals',
  'test',
  'bun:test',
  '@playwright/test',
  'supertest',
  'testcontainers',
  'mongodb-memory-server',
  'redis-memory-server',
  'cypress',
]);
const testBlock = /^[ \t]*(?:describe|it|test|suite)(?:\.[a-z]+)?\s*\(\s*['"`]/m;

/** True for tests and what only tests use: by folder, by name, or because the file declares tests. */
export function isTestFile(context: FileContext): boolean {
  const { sourceCode: source } = context;
  const known = remembered.get(source.ast);
  if (known !== undefined) return known;
  const isTest = isTestPath(pathOf(context)) || namesAnyOf(source, testModules) || testBlock.test(source.text);
  remembered.set(source.ast, isTest);
  return isTest;
}

/** True for a path inside of the project that says that only tests use the file. */
export function isTestPath(file: string): boolean {
  return (
    testFolder.test(file) ||
    testsInWords.test(file) ||
    featureFolder.test(file) ||
    testSettings.test(file) ||
    testName.test(file) ||
    testRunner.test(file) ||
    namedForTests.test(file)
  );
}

interface FileContext {
  readonly filename: string;
  readonly cwd: string;
  readonly sourceCode: Source;
}
const remembered = new WeakMap<object, boolean>();

const localeFolder = /(?:^|[\\/])(?:locales?|i18n|l10n|translations?|langs?|languages?|intl)[\\/]/i;
const localeName = /(?:^|[\\/])(?:[a-z]{2}[-_][A-Z]{2}|translations?|locales?|i18n)\.[cm]?[jt]sx?$/;

/** True for files that hold the texts of a user interface in some language. */
export function isLocaleFile(filename: string): boolean {
  return localeFolder.test(filename) || localeName.test(filename);
}

const scripts = new WeakMap<object, boolean>();
const ends = /process\.exit\s*\(\s*0?\s*\)|\.(?:\$disconnect|end|destroy|close|disconnect|quit)\s*\(/;
const serves =
  /\.(?:listen|login|consume|subscribe|schedule)\s*\(|\b(?:createServer|setInterval)\s*\(|\bexport\s|\bexports\b/;

/** True for a program that does its work once and closes what it opened: it ends before any rotation matters. */
export function isScript(context: FileContext): boolean {
  const { ast } = context.sourceCode;
  const known = scripts.get(ast);
  if (known !== undefined) return known;
  const found = endsSoon(context);
  scripts.set(ast, found);
  return found;
}

function endsSoon(context: FileContext): boolean {
  const { sourceCode: source } = context;
  if (isMigration(source)) return true;
  if (isInScriptFolder(context)) return true;
  if (isForOneTask(context) || isCommand(source)) return true;
  if (besideSchema.test(pathOf(context)) && !serves.test(source.text)) return true;
  return (ends.test(source.text) && !serves.test(source.text)) || endsItself(source);
}

/** The folder of Prisma's schema, in which programs fill the database or change it. */
const besideSchema = /(?:^|[\\/])prisma[\\/]/;

const commandKits = new Set(['nest-commander', '@oclif/core', '@oclif/command', 'clipanion']);

/** True for the class of a command, which runs once in a terminal. */
function isCommand(source: Source): boolean {
  return /\bextends\s+(?:CommandRunner|Command)\b/.test(source.text) && namesAnyOf(source, commandKits);
}

/** `main().then(() => process.exit(0))` at the top of a file that waits for nobody. */
function endsItself({ ast, text }: Source): boolean {
  if (!text.includes('process.exit') || starts.test(text)) return false;
  return ast.body.some((each) => {
    if (each.type !== 'ExpressionStatement' || each.expression.type !== 'CallExpression') return false;
    const said = text.slice(...each.range);
    return (
      /^(?!process\b)[\w.]+\(/.test(said) &&
      /\.(?:then|finally)\s*\(/.test(said) &&
      /process\.exit\(\s*0?\s*\)/.test(said)
    );
  });
}

/** True for a program that somebody starts by hand, and that serves nobody. */
export function isInScriptFolder(context: FileContext): boolean {
  const file = pathOf(context);
  return (
    (scriptFolder.test(file) || toolFolder.test(file)) && !partOfModule.test(file) && !opensPort(context.sourceCode)
  );
}

/** Files of a framework, which the program loads wherever they are. */
const partOfModule = /\.(?:module|controller|service|resolver|gateway)\.[cm]?[jt]s$/;
/** Programs that people start, and those that fill a database: by their folder, or by their name. */
const scriptFolder = /(?:^|[\\/])(?:scripts?|seeds?|seeders?|scratch)[\\/]|(?:^|[\\/])seed(?:er|s)?\.[cm]?[jt]sx?$/i;
/** Beside the sources; a folder `tools` among them may hold anything. */
const toolFolder = /^(?!(?:.*[\\/])?(?:src|lib|app)[\\/])(?:[^\\/]+[\\/])*tools?[\\/]/i;
/** A program that nobody imports, and whose name says what it does to a database. */
function isForOneTask(context: FileContext): boolean {
  const { sourceCode: source } = context;
  const file = pathOf(context);
  if (taskName.test(file) && !serves.test(source.text)) return true;
  return migratorName.test(path.basename(file)) && namesAnyOf(source, migrators) && !opensPort(source);
}

const migratorName = /migrat(?:or|e|ions?)/i;
const migrators = new Set(['@slonik/migrator', 'umzug', 'node-pg-migrate', 'postgres-migrations', 'db-migrate']);

const taskName =
  /(?:^|[\\/])(?:[a-z0-9]+[-_.])*(?:migrate|migrator|migrations?|(?:create|init|reset|drop|setup|populate|import|backup|restore|dump)[-_.](?:db|database|schema|users?|data|tables?|admin))(?:[-_.][a-z0-9]+)*\.[cm]?[jt]sx?$/i;
const starts = /\.listen\s*\(|\bcreateServer\s*\(/;

/** True for a file that waits for requests itself. */
export function opensPort(source: Source): boolean {
  return starts.test(source.text);
}

const wayOf = (name: string) =>
  new RegExp(
    String.raw`(?:^[ \t]*(?:public[ \t]+)?(?:async[ \t]+)?|\bexports\.|\bfunction[ \t]+|\bconst[ \t]+)${name}[ \t]*[(:=]`,
    'm',
  );
const [up, down] = [wayOf('up'), wayOf('down')];

/** True for a step of a database migration, which has a way up and a way down: it runs once, and its process ends. */
export function isMigration(source: Source): boolean {
  return source.text.includes('down') && up.test(source.text) && down.test(source.text);
}

const infrastructure =
  /^(?:@pulumi\/[a-z-]+|aws-cdk-lib|@aws-cdk\/[a-z0-9-]+|cdktf|cdk8s(?:-plus-\d+)?|@cdktf\/[a-z0-9-]+)(?:\/|$)/;

/** True for programs that describe infrastructure. */
export function isInfrastructure(source: Source): boolean {
  for (const each of modulesOf(source)) if (infrastructure.test(each)) return true;
  return false;
}

/** True inside a function that the program hands to a cloud: it runs later, and reads secrets while running. */
export function isInRuntimeCallback(node: Node): boolean {
  for (let current = node.parent; current; current = current.parent) {
    if (!isFunction(current)) continue;
    const parent = current.parent;
    const maker = parent.type === 'NewExpression' ? nameOf(parent.callee) : undefined;
    if (maker === 'CallbackFunction' || (parent.type === 'Property' && keyOf(parent) === 'callback')) return true;
  }
  return false;
}
