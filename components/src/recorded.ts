/** A resource as it was recorded: its type token and the inputs that the provider would get. */
export interface RecordedResource {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A recorded resource has a type or a property that the table does not know. */
export class UnknownInputError extends Error {
  override readonly name = 'UnknownInputError';
}

/** Where each property of a token goes. A property that is in no table is refused, so nothing is left out silently. */
export interface StatementTable {
  readonly properties: Readonly<
    Record<string, (value: unknown, inputs: RecordedResource['inputs']) => string | undefined>
  >;
  readonly statements: (clauses: ReadonlyMap<string, string>, inputs: RecordedResource['inputs']) => string[];
}

/**
 * The statements for one resource. It translates word by word and knows nothing about pairs.
 *
 * @throws UnknownInputError when the type or a property is in no table.
 */
export function statementsOf(
  tables: Readonly<Record<string, StatementTable>>,
  { type, inputs }: RecordedResource,
): readonly string[] {
  const table = tables[type];
  if (table === undefined) {
    throw new UnknownInputError(`No statements are known for "${type}". Known are: ${Object.keys(tables).join(', ')}.`);
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
  return table.statements(clauses, inputs);
}

/** @throws UnknownInputError for a value that no table of statements can write. */
export function unwritable(value: unknown): never {
  throw new UnknownInputError(`${JSON.stringify(value)} is not a value that the table of statements can write.`);
}

export const text = (value: unknown): string => (typeof value === 'string' && value !== '' ? value : unwritable(value));
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : unwritable(value));

/** A privilege, in words: nothing else can come in here. */
export function privilege(value: unknown): string {
  const word = text(value);
  return /^[A-Z ]+$/.test(word) ? word : unwritable(word);
}
