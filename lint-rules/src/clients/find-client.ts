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
const makerNames = new Set(clients.flatMap((each) => each.makers.map((maker) => maker.split('.').at(-1) ?? '')));

/** True when the text names any package that makes clients. A cheap look before any work. */
export function mentionsClient(text: string): boolean {
  for (const module of byModule.keys()) if (text.includes(`${module}'`) || text.includes(`${module}"`)) return true;
  return text.includes('prisma') || text.includes('knex');
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

/** True for a callee name that could make a client, before its import is looked up. */
export function couldMake(name: string | undefined): boolean {
  return name === undefined || makerNames.has(name) || makerNames.has('');
}
