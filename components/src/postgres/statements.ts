/** A resource as it was recorded: its type token and the inputs that the provider would get. */
export interface RecordedResource {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** One statement, and the database in which it must run; `undefined` when any will do. */
export interface Statement {
  readonly sql: string;
  readonly database?: string;
}

/** A recorded resource has a type or a property that the table does not know. */
export class UnknownInputError extends Error {
  override readonly name = 'UnknownInputError';
}

type Clause = (value: unknown, inputs: RecordedResource['inputs']) => string | undefined;

/** Where each property of a token goes. A property that is in no table is refused, so nothing is left out silently. */
interface Table {
  readonly properties: Readonly<Record<string, Clause>>;
  readonly statements: (clauses: ReadonlyMap<string, string>, inputs: RecordedResource['inputs']) => string[];
}

const used: Clause = () => undefined;
const identifier: Clause = (value) => quoteIdentifier(text(value));
const words = (value: unknown): string => list(value).map(privilege).join(', ');
const flag =
  (on: string): Clause =>
  (value) =>
    value === true ? on : value === false ? `NO${on}` : fail(value);
const roleSetting =
  (setting: string): Clause =>
  (value, inputs) =>
    `ALTER ROLE ${quoteIdentifier(text(inputs['name']))} SET ${setting} = ${settingValue(value)}`;

const tables: Readonly<Record<string, Table>> = {
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
  return resources.flatMap(({ type, inputs }) => {
    const table = tables[type];
    if (table === undefined) {
      throw new UnknownInputError(
        `No statements are known for "${type}". Known are: ${Object.keys(tables).join(', ')}.`,
      );
    }
    const clauses = new Map<string, string>();
    for (const [property, value] of Object.entries(inputs)) {
      if (value === undefined) continue;
      const clause = Object.hasOwn(table.properties, property) ? table.properties[property] : undefined;
      if (clause === undefined) {
        throw new UnknownInputError(
          `"${type}" has the property \`${property}\`, which the table does not know. Known are: ${Object.keys(table.properties).join(', ')}.`,
        );
      }
      const sql = clause(value, inputs);
      if (sql !== undefined && sql !== '') clauses.set(property, sql);
    }
    const database = inputs['database'];
    return table
      .statements(clauses, inputs)
      .map((sql) => ({ sql, ...(typeof database === 'string' ? { database } : {}) }));
  });
}

const grantTargets: Readonly<Record<string, string>> = {
  schema: 'SCHEMA',
  table: 'ALL TABLES IN SCHEMA',
  sequence: 'ALL SEQUENCES IN SCHEMA',
  function: 'ALL FUNCTIONS IN SCHEMA',
};
const plurals: Readonly<Record<string, string>> = { table: 'TABLES', sequence: 'SEQUENCES', function: 'FUNCTIONS' };

const grantTarget = (objectType: string): string => grantTargets[objectType] ?? fail(objectType);
const plural = (objectType: string): string => plurals[objectType] ?? fail(objectType);

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

function privilege(value: unknown): string {
  const word = text(value);
  return /^[A-Z ]+$/.test(word) ? word : fail(word);
}

const text = (value: unknown): string => (typeof value === 'string' && value !== '' ? value : fail(value));
const integer = (value: unknown): number => (Number.isInteger(value) ? (value as number) : fail(value));
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : fail(value));

function fail(value: unknown): never {
  throw new UnknownInputError(`${JSON.stringify(value)} is not a value that the table of statements can write.`);
}
