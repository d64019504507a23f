import type { Client } from 'pg';

/** Layout of the tables below; raised when they change. */
export const layout = 1;

const statements = [
  `CREATE TABLE keyturn.pair (
    name text PRIMARY KEY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    layout integer NOT NULL,
    strategy text NOT NULL DEFAULT 'dual-user',
    shared_role text NOT NULL,
    user_a text NOT NULL,
    user_b text NOT NULL,
    generation bigint NOT NULL DEFAULT 0,
    published_user text,
    published_version text,
    published_generation bigint,
    published_at timestamptz,
    superseded_user text,
    superseded_version text,
    superseded_generation bigint,
    superseded_at timestamptz,
    superseded_phase text CHECK (superseded_phase IN ('usable', 'locked', 'retired')),
    locked_at timestamptz,
    retired_at timestamptz,
    undo_evidence jsonb,
    intent_token text,
    intent_generation bigint,
    intent_user text,
    intent_version text,
    intent_replaces text,
    intent_attempt integer,
    CHECK (published_user IS DISTINCT FROM superseded_user OR published_user IS NULL),
    CHECK (user_a = user_b OR intent_user IS NULL OR intent_user IS DISTINCT FROM published_user),
    CHECK (intent_generation IS NULL OR intent_generation IN (generation, generation + 1))
  )`,
  `CREATE TABLE keyturn.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pair text NOT NULL REFERENCES keyturn.pair (name),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    generation bigint NOT NULL,
    event text NOT NULL,
    username text,
    version text,
    detail jsonb NOT NULL DEFAULT '{}'
  )`,
  'CREATE INDEX journal_pair ON keyturn.journal (pair, id)',
];

/** The statements that make schema and tables of the journal, where they are missing. `IF NOT EXISTS` would need the right to create all the same. */
export async function missingTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ schema: boolean; pair: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'keyturn') AS schema,
            EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'keyturn' AND c.relname = 'pair') AS pair`,
  );
  return [
    ...(rows[0]?.schema === true ? [] : ['CREATE SCHEMA keyturn']),
    ...(rows[0]?.pair === true ? [] : statements),
  ];
}
