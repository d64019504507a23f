import type { TSESTree } from '@typescript-eslint/utils';
import { nameOf } from '../ast.js';
import { type Origin, type Source, originOf } from '../origin.js';
import { type Client, clients } from './clients.js';

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

/** A pattern that finds any of the modules between quotes. */
export function importsAnyOf(modules: readonly string[]): RegExp {
  const names = modules.map((each) => each.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(`['"](?:node:)?(?:${names.join('|')})['"]`);
}

const importsClient = importsAnyOf([...byModule.keys(), 'knex', 'Knex']);
const generatedPrisma = /\bPrismaClient\b/;

/** True when the text names any package that makes clients. A cheap look before any work. */
export function mentionsClient(text: string): boolean {
  return importsClient.test(text) || generatedPrisma.test(text);
}

/** The client that an expression makes, known by where its maker was imported from and never by its name alone. */
export function clientMadeBy(source: Source, node: Making): Made | undefined {
  const origin = originOf(source, node.callee);
  const client = origin && clientOf(origin);
  if (!origin || !client) return undefined;
  const member = origin.members.join('.');
  if (!client.makers.includes(member)) return undefined;
  const name = nameOf(node.callee) ?? client.name;
  return {
    node,
    client,
    maker: node.type === 'NewExpression' ? `new ${name}` : name,
    single: client.single?.includes(member) ?? false,
  };
}

function clientOf(origin: Origin): Client | undefined {
  const known = byModule.get(origin.module);
  if (known) return known;
  // Prisma 7 generates its client into the project, so it is imported by a path.
  const generated =
    origin.members.at(-1) === 'PrismaClient' && /(?:^|[/@])(?:prisma|generated)(?:\/|$)/.test(origin.module);
  return generated ? byModule.get('@prisma/client') : undefined;
}
