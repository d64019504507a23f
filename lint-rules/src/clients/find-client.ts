import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { classAround, nameOf } from '../ast.js';
import { modulesOf, takenFrom } from '../modules.js';
import { type Origin, type Source, originOf, variableOf } from '../origin.js';
import { oncePerFile } from '../per-file.js';
import { declarationsOf, hasTypes } from '../types.js';
import type { Client } from './client.js';
import { clients } from './clients.js';
import { plugins } from './framework-modules.js';

export type Making = TSESTree.NewExpression | TSESTree.CallExpression;

/** A place that makes a client. */
export interface Made {
  readonly node: Making;
  readonly client: Client;
  /** What it is called in the source: `new Pool`, `mysql.createPool`. */
  readonly maker: string;
  readonly single: boolean;
}

const byModule = new Map<string, Client>();
for (const client of clients) for (const module of client.modules) byModule.set(module, client);

interface Word {
  /** The member of the module that the maker is, or is in; none for a default export and for what a call returns. */
  readonly member: string;
  /** What the maker is called by; none for a default export, which may be called anything, and for what a call returns. */
  readonly word: string;
}

function wordOf(maker: string): Word {
  return { member: /^\w*/.exec(maker)?.[0] ?? '', word: /\w*$/.exec(maker)?.[0] ?? '' };
}

const byPlugin = new Map(plugins.flatMap((client) => client.modules.map((module) => [module, client] as const)));

/** What a file has to say beside the name of the module to make a client. */
const wordsOfModule = new Map([...byModule].map(([module, { makers }]) => [module, makers.map(wordOf)]));
for (const each of ['knex', 'Knex']) wordsOfModule.set(each, [wordOf('')]);
for (const each of byPlugin.keys()) wordsOfModule.set(each, [wordOf('().register')]);
for (const each of ['@nestjs/core', '@nestjs/common', '@nestjs/microservices'])
  wordsOfModule.get(each)?.push(wordOf('().connectMicroservice'));

/** Options of clients. With type information a client may come through another file of the project. */
const mayConnect = /\b(?:password|connectionString|connection|sasl|credentials)\b\s*[:,}]|\b(?:url|uri)\b\s*:/i;

/** Prisma generates its client into the project, where it is imported by a path, or by a package of the project that hands it on. */
const generated = /^[.#~@]|(?:^|\/)(?:prisma|generated)(?:\/|$)/;
const byPath = /(?:^|[/@])(?:prisma|generated)(?:\/|$)/;

const makerNames = new Set([...wordsOfModule.values()].flat().map((each) => each.word));

/** True when the file names any package that makes clients, and what makes them. A cheap look before any work. */
export const mentionsClient = oncePerFile(mentions);

function mentions(source: Source): boolean {
  const { text } = source;
  for (const module of modulesOf(source)) {
    const words = wordsOfModule.get(module);
    if (!words && !generated.test(module)) continue;
    const taken = takenFrom(source, module);
    if (!words) {
      if (taken ? taken.has('PrismaClient') : byPath.test(module) && text.includes('PrismaClient')) return true;
      continue;
    }
    const mayBeUsed = (member: string) => taken === undefined || member === '' || taken.has(member);
    if (words.some(({ member, word }) => mayBeUsed(member) && text.includes(word))) return true;
  }
  return hasTypes(source) && mayConnect.test(text);
}

const found = new WeakMap<Making, Made | undefined>();

/** The client that an expression makes, looked up once for all rules: known by where its maker was imported from and never by its name alone. */
export function clientMadeBy(source: Source, node: Making): Made | undefined {
  const { callee } = node;
  // A method keeps its name wherever it is called.
  if (node.type === 'CallExpression' && callee.type === 'MemberExpression' && !callee.computed)
    if (callee.property.type !== 'Identifier' || !mayBeMaker(callee.property.name)) return undefined;
  const known = found.get(node);
  if (known || found.has(node)) return known;
  const made = lookUp(source, node);
  found.set(node, made);
  return made;
}

function mayBeMaker(method: string): boolean {
  return method === 'default' || makerNames.has(method);
}

function lookUp(source: Source, node: Making): Made | undefined {
  const name = nameOf(node.callee);
  const framework = name === undefined ? undefined : ofFramework.get(name)?.(source, node);
  if (framework) return framework;
  const origin = originOf(source, extendedBy(source, node) ?? node.callee);
  const client = origin && clientOf(origin);
  if (!origin || !client) return isElsewhere(origin) ? clientByType(source, node) : undefined;
  const member = origin.members.join('.');
  return client.makers.includes(member) ? madeBy(node, client, member) : undefined;
}

/** What a class of this file extends and leaves as it is: `class Models extends Sequelize {}`. */
function extendedBy(source: Source, { type, callee }: Making): TSESTree.Expression | undefined {
  if (type !== 'NewExpression' || callee.type !== 'Identifier') return undefined;
  const made = variableOf(source, callee)?.defs[0]?.node;
  if (made?.type !== 'ClassDeclaration' || !made.superClass) return undefined;
  const hasMaker = made.body.body.some((each) => each.type === 'MethodDefinition' && each.kind === 'constructor');
  return hasMaker ? undefined : made.superClass;
}

/** `fastify.register(require('@fastify/postgres'), { … })` */
function registered(source: Source, node: Making): Made | undefined {
  const [given] = node.arguments;
  const module = given && originOf(source, given)?.module;
  const client = module === undefined ? undefined : byPlugin.get(module);
  return client && { node, client, maker: `register ${client.modules[0] ?? ''}`, single: false };
}

/** Methods by which an application of a framework makes a client. */
const ofFramework = new Map([
  ['register', registered],
  ['connectMicroservice', microservice],
]);

/** `app.connectMicroservice({ … })`, of an application of NestJS that a function was given. */
function microservice(source: Source, node: Making): Made | undefined {
  const client = byModule.get('@nestjs/core');
  const isOfNest = [...modulesOf(source)].some((each) => each.startsWith('@nestjs/'));
  return client && isOfNest && node.callee.type === 'MemberExpression'
    ? { node, client, maker: 'connectMicroservice', single: false }
    : undefined;
}

/** The client that a class is, by where it was imported from. */
export function clientNamed(source: Source, node: TSESTree.Expression): Client | undefined {
  const origin = originOf(source, node);
  const client = origin && clientOf(origin);
  return client?.makers.includes(origin?.members.join('.') ?? '') ? client : undefined;
}

/** Imported from another file of the project, given by somebody, or a class that is declared here. */
function isElsewhere(origin: Origin | undefined): boolean {
  return origin === undefined || /^[.#~]|^@\//.test(origin.module);
}

/** Types are asked last: what they cost is not the question but the checker's work behind it. */
function clientByType(source: Source, node: Making): Made | undefined {
  return hasTypes(source) && mayMake(source, node) ? declaredClient(source, node) : undefined;
}

const options = new Set([
  ...['host', 'hosts', 'port', 'server', 'database'],
  ...clients.flatMap(({ userKeys, passwordKeys, urlKeys, nested = [], hooks, lifetime }) =>
    [...userKeys, ...passwordKeys, ...urlKeys, ...nested, ...hooks, ...(lifetime?.keys ?? [])].map(
      (each) => /^\w+/.exec(each)?.[0] ?? each,
    ),
  ),
]);

/** A method keeps its name wherever it is called; classes and functions may have got another. */
function mayMake(source: Source, { type, callee, arguments: given }: Making): boolean {
  if (given.length < positionalCredential && !given.some((each) => mayConfigure(each))) return false;
  if (callee.type === 'Identifier') return mayComeFromElsewhere(variableOf(source, callee));
  if (callee.type !== 'MemberExpression') return false;
  return type === 'NewExpression' || makerNames.has(nameOf(callee) ?? '');
}

/** Database, user, password. */
const positionalCredential = 3;

function mayComeFromElsewhere(variable: TSESLint.Scope.Variable | undefined): boolean {
  const definition = variable?.defs[0]?.node;
  if (definition === undefined || definition.type === 'FunctionDeclaration') return false;
  return definition.type !== 'ClassDeclaration' || definition.superClass !== null;
}

function mayConfigure(argument: TSESTree.CallExpressionArgument): boolean {
  switch (argument.type) {
    case 'ObjectExpression':
      return argument.properties.some(
        (each) => each.type === 'SpreadElement' || each.computed || options.has(nameOf(each.key) ?? ''),
      );
    case 'Literal':
      return typeof argument.value === 'string' && argument.value.includes('://');
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'ArrayExpression':
      return false;
    default:
      return true;
  }
}

function declaredClient(source: Source, node: Making): Made | undefined {
  for (const { package: module, name } of declarationsOf(source, node)) {
    const client = byModule.get(module);
    if (client?.makers.includes(name)) return madeBy(node, client, name);
  }
  return undefined;
}

function madeBy(node: Making, client: Client, member: string): Made {
  const extended = node.callee.type === 'Super' ? classAround(node)?.superClass : undefined;
  const name = nameOf(extended ?? node.callee) ?? client.name;
  return {
    node,
    client,
    maker: node.type === 'NewExpression' || extended ? `new ${name}` : name,
    single: client.single?.includes(member) ?? false,
  };
}

function clientOf(origin: Origin): Client | undefined {
  const known = byModule.get(origin.module);
  if (known) return known;
  return origin.members.at(-1) === 'PrismaClient' && generated.test(origin.module)
    ? byModule.get('@prisma/client')
    : undefined;
}
