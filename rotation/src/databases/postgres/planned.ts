import type { Strategy } from '@keyturn/plan';
import type { Client } from 'pg';

import type { Planned } from '../../database.js';
import { endSql } from './end-sessions.js';
import * as journal from './journal.js';

type Quoting = Pick<Client, 'escapeIdentifier' | 'escapeLiteral'>;

/** `ALTER ROLE` with the name quoted; `what` is SQL. */
export function alterRole(client: Quoting, user: string, what: string): string {
  return `ALTER ROLE ${client.escapeIdentifier(user)} ${what}`;
}

/** Stands where a verifier would. */
const masked = `'SCRAM-SHA-256$****'`;

const nothing = (): Promise<void> => Promise.resolve();

/** A pair as the journal knows it. */
interface KnownPair {
  readonly name: string;
  readonly id: string;
  readonly strategy: Strategy;
}

/** What a session sends for an effect, in order; secrets are masked. */
export function plannedStatements(
  client: Quoting,
  { name: pair, id, strategy }: KnownPair,
  planned: Planned,
): string[] {
  switch (planned.effect) {
    case 'decide':
      return journal.statementsOf(client, pair, journal.decided(planned.intent, id, planned.detail), []);
    case 'set':
      return journal.statementsOf(client, pair, journal.wasSet(planned.intent, nothing, planned.forced), [
        alterRole(client, planned.intent.user, `LOGIN PASSWORD ${masked}`),
      ]);
    case 'finish':
      return journal.statementsOf(
        client,
        pair,
        journal.finished(planned.intent, planned.report, strategy === 'dual-user'),
        [],
      );
    case 'lockUser':
      return journal.statementsOf(client, pair, journal.locked(planned.superseded, nothing, planned.forced), [
        alterRole(client, planned.superseded.user, 'NOLOGIN'),
      ]);
    case 'endSessions':
      return [endSql.replaceAll(/\s+/g, ' ').trim().replace('$1', client.escapeLiteral(planned.user))];
    case 'takePassword':
      return journal.statementsOf(client, pair, journal.retired(planned.superseded, nothing, planned.forced), [
        alterRole(client, planned.superseded.user, 'NOLOGIN PASSWORD NULL'),
      ]);
  }
}
