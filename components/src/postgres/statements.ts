import {
  list,
  privilege,
  type RecordedResource,
  statementsOf,
  type StatementTable,
  text,
  unwritable,
} from '../recorded.js';

export { type RecordedResource, UnknownInputError } from '../recorded.js';

/** One statement, and the database in which it must run; `undefined` when any will do. */
export interface Statement {
  readonly sql: string;
  readonly database?: string;
}

type Clause = StatementTable['properties'][string];

const used: Clause = () => undefined;
const identifier: Clause = (value) => quoteIdentifier(text(value));
const words = (value: unknown): string => list(value).map(privilege).join(', ');
const flag =
  (on: string): Clause =>
  (value) =>
    value === true ? on : value === false ? `NO${on}` : unwritable(value);
const roleSetting =
  (setting: string): Clause =>
  (value, inputs) =>
    `ALTER ROLE ${quoteIdentifier(text(inputs['name']))} SET ${setting} = ${settingValue(value)}`;

const tables: Readonly<Record<string, StatementTable>> = {
  'postgresql:index/role:Role': {
    properties: {
      name: used,
      login: flag('LOGIN'),
      inherit: flag('INHERIT'),
      connectionLimit: (value) => `CONNECTION LIMIT ${integer(value)}`,
      roles: (value, { name }) =>
        list(value)
          .map((role) => `GRANT ${quoteIdentifier(text(role))} TO ${quoteIdentifier(text(name))}`)
          .join('; '),
      assumeRole: roleSetting('role'),
      searchPaths: roleSetting('search_path'),
      statementTimeout: roleSetting('statement_timeout'),
      idleInTransactionSessionTimeout: roleSetting('idle_in_transaction_session_timeout'),
    },
    statements: (clauses, { name }) => [
      [`CREATE ROLE ${quoteIdentifier(text(name))}`, ...pick(clauses, 'login', 'inherit', 'connectionLimit')].join(' '),
      ...pick(clauses, 'roles', 'searchPaths', 'statementTimeout', 'idleInTransactionSessionTimeout', 'assumeRole'),
    ],
  },
  'postgresql:index/schema:Schema': {
    properties: { name: identifier, owner: identifier, database: used },
    statements: (clauses) => [
      `CREATE SCHEMA IF NOT EXISTS ${clauses.get('name') ?? ''} AUTHORIZATION ${clauses.get('owner') ?? 'CURRENT_USER'}`,
    ],
  },
  'postgresql:index/grant:Grant': {
    properties: { database: used, role: identifier, schema: identifier, objectType: used, privileges: words },
    statements: (clauses, { objectType }) => [
      `GRANT ${clauses.get('privileges') ?? ''} ON ${grantTarget(text(objectType))} ${clauses.get('schema') ?? ''} TO ${clauses.get('role') ?? ''}`,
    ],
  },
  'postgresql:index/defaultPrivileges:DefaultPrivileges': {
    properties: {
      database: used,
      role: identifier,
      owner: identifier,
      schema: identifier,
      objectType: used,
      privileges: words,
    },
    statements: (clauses, { objectType }) => [
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${clauses.get('owner') ?? ''} IN SCHEMA ${clauses.get('schema') ?? ''} ` +
        `GRANT ${clauses.get('privileges') ?? ''} ON ${plural(text(objectType))} TO ${clauses.get('role') ?? ''}`,
    ],
  },
};

/**
 * The statements that make what recorded resources ask for, in their order. It translates word by word and knows nothing about pairs:
 * what the component asks for is what a database gets, without an engine or a provider process between them.
 *
 * @throws UnknownInputError when a type or a property is in no table; a property that could hold a password is in none.
 */
export function statementsFor(resources: readonly RecordedResource[]): readonly Statement[] {
  return resources.flatMap((resource) => {
    const database = resource.inputs['database'];
    const where = typeof database === 'string' ? { database } : {};
    return statementsOf(tables, resource).map((sql) => ({ sql, ...where }));
  });
}

const grantTargets: Readonly<Record<string, string>> = {
  schema: 'SCHEMA',
  table: 'ALL TABLES IN SCHEMA',
  sequence: 'ALL SEQUENCES IN SCHEMA',
  function: 'ALL FUNCTIONS IN SCHEMA',
};
const plurals: Readonly<Record<string, string>> = { table: 'TABLES', sequence: 'SEQUENCES', function: 'FUNCTIONS' };

const grantTarget = (objectType: string): string => grantTargets[objectType] ?? unwritable(objectType);
const plural = (objectType: string): string => plurals[objectType] ?? unwritable(objectType);

function pick(clauses: ReadonlyMap<string, string>, ...properties: readonly string[]): string[] {
  return properties.flatMap((property) => clauses.get(property) ?? []);
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function settingValue(value: unknown): string {
  if (Array.isArray(value))
    return list(value)
      .map((item) => quoteIdentifier(text(item)))
      .join(', ');
  if (typeof value === 'number') return String(integer(value));
  return quoteIdentifier(text(value));
}

const integer = (value: unknown): number => (Number.isInteger(value) ? (value as number) : unwritable(value));
