import type { Client } from './endpoint.js';

/** Layout of the tables below; raised when they change. */
export const layout = 1;

/** Times are milliseconds since 1970 on the server's clock. */
const statements = [
  'CREATE DATABASE IF NOT EXISTS keyturn CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  `CREATE TABLE IF NOT EXISTS keyturn.pair (
    name VARCHAR(191) NOT NULL PRIMARY KEY,
    id CHAR(36) NOT NULL,
    layout INT NOT NULL,
    strategy VARCHAR(16) NOT NULL,
    shared_role VARCHAR(128) NOT NULL,
    user_a VARCHAR(128) NOT NULL,
    user_b VARCHAR(128) NOT NULL,
    host VARCHAR(255) NOT NULL,
    generation BIGINT NOT NULL DEFAULT 0,
    published_user VARCHAR(128),
    published_version VARCHAR(255),
    published_generation BIGINT,
    published_at BIGINT,
    superseded_user VARCHAR(128),
    superseded_version VARCHAR(255),
    superseded_generation BIGINT,
    superseded_at BIGINT,
    superseded_phase VARCHAR(8),
    locked_at BIGINT,
    retired_at BIGINT,
    undo_evidence TEXT,
    effect TEXT,
    intent_token VARCHAR(64),
    intent_generation BIGINT,
    intent_user VARCHAR(128),
    intent_version VARCHAR(255),
    intent_replaces VARCHAR(255),
    intent_attempt INT
  ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `CREATE TABLE IF NOT EXISTS keyturn.journal (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    pair VARCHAR(191) NOT NULL,
    at BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    event VARCHAR(32) NOT NULL,
    username VARCHAR(128),
    version VARCHAR(255),
    detail TEXT NOT NULL,
    KEY journal_pair (pair, id),
    FOREIGN KEY (pair) REFERENCES keyturn.pair (name)
  ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
];

/** The tables that are there already are left alone, so that who may not create tables can run this again. */
export async function createTables(client: Client): Promise<void> {
  if (!(await hasTables(client))) for (const statement of statements) await client.change(statement);
}

export async function hasTables(client: Client): Promise<boolean> {
  const rows = await client.rows(
    `SELECT 1 AS found FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'keyturn' AND TABLE_NAME IN ('pair', 'journal')`,
  );
  return rows.length === 2;
}
