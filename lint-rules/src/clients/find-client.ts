import type { TSESTree } from '@typescript-eslint/utils';
import { nameOf } from '../ast.js';
import { namesAnyOf } from '../modules.js';
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

const modules = new Set([...byModule.keys(), 'knex', 'Knex']);

/** True when the file names any package that makes clients. A cheap look before any work. */
export function mentionsClient(source: Source): boolean {
  return namesAnyOf(source, modules) || source.text.includes('PrismaClient');
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
