import { randomBytes } from 'node:crypto';

import type { Client } from 'pg';

const creatable = `
  SELECT n.nspname AS schema FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_schema_privilege(current_user, n.oid, 'CREATE')
  ORDER BY n.nspname = current_schema() DESC NULLS LAST, n.nspname LIMIT 1`;

/**
 * Makes a table and takes it back, and says whom it belonged to; `undefined` when the role may create nowhere, or the server only reads.
 * Nothing of it stays: the transaction is rolled back.
 */
export async function ownerOfProbe(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string }>(creatable);
  const schema = rows[0]?.schema;
  if (schema === undefined) return undefined;
  const table = `${client.escapeIdentifier(schema)}.keyturn_probe_${randomBytes(6).toString('hex')}`;
  await client.query('BEGIN');
  try {
    await client.query(`CREATE TABLE ${table} (probe integer)`);
    const owner = await client.query<{ owner: string }>(
      'SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = $1::regclass',
      [table],
    );
    return owner.rows[0]?.owner;
  } finally {
    await client.query('ROLLBACK');
  }
}
