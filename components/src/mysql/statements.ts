import { list, privilege, type RecordedResource, statementsOf, type StatementTable, text } from '../recorded.js';

const tables: Readonly<Record<string, StatementTable>> = {
  'mysql:index/role:Role': {
    properties: { name: (value) => quoted(text(value)) },
    statements: (clauses) => [`CREATE ROLE ${clauses.get('name') ?? ''}`],
  },
  'mysql:index/grant:Grant': {
    properties: {
      role: (value) => quoted(text(value)),
      database: (value) => identifier(text(value)),
      table: (value) => (value === '*' ? '*' : identifier(text(value))),
      privileges: (value) => list(value).map(privilege).join(', '),
    },
    statements: (clauses) => [
      `GRANT ${clauses.get('privileges') ?? ''} ON ${clauses.get('database') ?? ''}.${clauses.get('table') ?? '*'} TO ${clauses.get('role') ?? ''}`,
    ],
  },
};

/**
 * The statements that make what recorded resources ask for, as the provider writes them, in their order.
 *
 * @throws UnknownInputError when a type or a property is in no table; a property that could hold a password is in none.
 */
export function mysqlStatementsFor(resources: readonly RecordedResource[]): readonly string[] {
  return resources.flatMap((resource) => statementsOf(tables, resource));
}

const quoted = (name: string): string => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
