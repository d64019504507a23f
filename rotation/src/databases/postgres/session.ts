import { type Credential, otherUser, type SharedRoleKind, type Strategy } from '@keyturn/plan';
import type { Client } from 'pg';

import {
  DatabaseError,
  type DatabaseSession,
  type EndpointLogin,
  type Forced,
  HeldError,
  type JournalEntry,
  type PairState,
  type Planned,
  type PublishedState,
  type SupersededState,
  type TestReport,
  type UndoEvidence,
} from '../../database.js';
import type { Holder } from '../../holder.js';
import type { Intent } from '../../intent.js';
import type { Pair } from '../../pair.js';
import type { Pgbouncer } from '../../poolers/pgbouncer.js';
import {
  asDatabaseErrors,
  close,
  connect,
  describeEndpoint,
  type Endpoint,
  type Login,
  onEndpoint,
  type Patience,
  tryLogin,
} from './endpoint.js';
import { endOn, endPooled } from './end-sessions.js';
import * as journal from './journal.js';
import { parityOf } from './parity.js';
import { alterRole, plannedStatements } from './planned.js';
import { ownerOfProbe } from './probe.js';
import { scramVerifier } from './scram.js';

/** What a session needs to know of its database. */
export interface SessionContext {
  readonly pair: Pair;
  /** `dual-user` or `single-user`. */
  readonly strategy: Strategy;
  readonly sharedRoleKind: SharedRoleKind;
  readonly writer: Endpoint;
  readonly endpoints: readonly Endpoint[];
  readonly poolers: readonly Pgbouncer[];
  readonly patience: Patience;
  /** How long readers may take to show a change, in milliseconds. */
  readonly replicationMs: number;
  readonly lockWaitMs: number;
  admin(): Promise<Login>;
  readonly refusedLogins?: (user: string, since: Date) => Promise<readonly Holder[]>;
}

const sessionsOf = `
  SELECT host(client_addr) AS address, application_name AS application, backend_start AS since
  FROM pg_stat_activity WHERE usename = $1 AND (backend_type IS NULL OR backend_type <> 'parallel worker') ORDER BY backend_start NULLS LAST`;

interface SessionRow {
  readonly address: string | null;
  readonly application: string | null;
  readonly since: Date | null;
}

/** One rotator on the writer, with the journal's connection held open for as long as it works. */
export class PostgresSession implements DatabaseSession {
  readonly #context: SessionContext;
  readonly #client: Client;

  private constructor(context: SessionContext, client: Client) {
    this.#context = context;
    this.#client = client;
  }

  static async open(context: SessionContext): Promise<PostgresSession> {
    return new PostgresSession(context, await connect(context.writer, await context.admin(), context.patience));
  }

  async lock(): Promise<boolean> {
    const started = Date.now();
    for (;;) {
      const locked = await this.#try(async () => {
        const { rows } = await this.#client.query<{ locked: boolean }>(
          `SELECT pg_try_advisory_lock(hashtextextended('keyturn pair ' || $1, 0)) AS locked`,
          [this.#context.pair.name],
        );
        return rows[0]?.locked === true;
      });
      if (locked) return true;
      if (Date.now() - started >= this.#context.lockWaitMs) return false;
      await pause(50);
    }
  }

  async read(): Promise<PairState> {
    return await this.#try(() => journal.readState(this.#client, this.#context.pair.name));
  }

  async journal(): Promise<readonly JournalEntry[]> {
    return await this.#try(() => journal.readJournal(this.#client, this.#context.pair.name));
  }

  /**
   * They would count as sessions for as long as `server_idle_timeout`. RECONNECT of the console would close them too, and with them the
   * connections that it is about to open for other users: it takes that for a failed login, and lets their clients wait or fail
   * (`server_login_retry`). So the server ends them, one by one.
   */
  async releaseIdle(user: string): Promise<void> {
    const abandoned = (await Promise.all(this.#context.poolers.map((pooler) => pooler.abandoned(user)))).flat();
    if (abandoned.length === 0) return;
    const servers = this.#context.endpoints.filter(({ kind }) => kind === 'writer' || kind === 'reader');
    const login = await this.#context.admin();
    for (const endpoint of servers) await endPooled(endpoint, login, this.#context.patience, user, abandoned);
  }

  /**
   * A pooler's sessions are sessions of the server behind it, so they are counted there; its clients, which may have none at the moment, are
   * counted on it.
   */
  async holders(user: string): Promise<readonly Holder[]> {
    const servers = this.#context.endpoints.filter(({ kind }) => kind === 'writer' || kind === 'reader');
    const found = await Promise.all([
      ...servers.map((endpoint) => this.#holdersOn(endpoint, user)),
      ...this.#context.poolers.map((pooler) => pooler.clients(user)),
    ]);
    return found.flat();
  }

  async #holdersOn(endpoint: Endpoint, user: string): Promise<Holder[]> {
    const query = async (client: Client): Promise<SessionRow[]> =>
      (await client.query<SessionRow>(sessionsOf, [user])).rows;
    const rows =
      endpoint === this.#context.writer
        ? await this.#try(() => query(this.#client))
        : await onEndpoint(endpoint, await this.#context.admin(), this.#context.patience, query);
    return rows.map((row) => ({
      endpoint: endpoint.name,
      user,
      ...(row.address !== null && { clientAddress: row.address }),
      ...(row.application !== null && row.application !== '' && { application: row.application }),
      ...(row.since !== null && { since: row.since }),
    }));
  }

  async refusedLogins(user: string, since: number): Promise<readonly Holder[] | undefined> {
    return await this.#context.refusedLogins?.(user, new Date(since));
  }

  async login(credential: Credential): Promise<void> {
    for (const endpoint of this.#context.endpoints) {
      await onEndpoint(endpoint, credential, this.#context.patience, async (client) => {
        await client.query('SELECT 1');
      });
    }
  }

  async decide(intent: Intent, detail?: Readonly<Record<string, unknown>>): Promise<void> {
    const { id } = await this.read();
    await this.#apply(journal.decided(intent, id, detail), (state) => state.intent?.token === intent.token);
  }

  async replaceCandidate(before: Intent, after: Intent, because: string): Promise<void> {
    await this.#apply(
      journal.candidateReplaced(before, after, because),
      (state) => state.intent?.token === after.token,
    );
  }

  async set(intent: Intent, password: string, forced?: Forced): Promise<void> {
    const verifier = scramVerifier(password);
    const secret = this.#client.escapeLiteral(verifier);
    const { generation } = await this.read();
    const effect = async (): Promise<void> => {
      await this.#alter(intent.user, `LOGIN PASSWORD ${secret}`);
      const drains = this.#context.strategy === 'dual-user' && forced === undefined;
      if (drains && generation < intent.generation) await this.#refuseSessions(intent.user);
    };
    await this.#apply(journal.wasSet(intent, effect, forced));
    // A run that ends in between sets the candidate once more, and poolers learn of the verifier that is in force then.
    const { poolers } = this.#context;
    for (const pooler of poolers) await pooler.tell(intent.user, verifier);
    if (poolers.length > 0) {
      const names = poolers.map(({ name }) => name);
      await this.#apply(journal.poolersTold(intent, names));
    }
  }

  /** A login that began after the gate was checked; what is left is the time between this count and the commit. */
  async #refuseSessions(user: string): Promise<void> {
    const holders = await this.holders(user);
    if (holders.length > 0) throw new HeldError(user, holders, Date.now());
  }

  async finish(intent: Intent, report: TestReport, detail?: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#apply(
      journal.finished(intent, report, this.#context.strategy === 'dual-user', detail),
      ({ published }) => published?.generation === intent.generation && published.version === intent.version,
    );
  }

  async lockUser(superseded: SupersededState, forced?: Forced): Promise<void> {
    await this.#apply(
      journal.locked(superseded, () => this.#alter(superseded.user, 'NOLOGIN'), forced),
      isIn(superseded, 'locked'),
    );
  }

  async decideUndo(superseded: SupersededState, evidence: UndoEvidence): Promise<void> {
    await this.#apply(journal.undoDecided(superseded, evidence), (state) => state.superseded?.undo !== undefined);
  }

  async undo(superseded: SupersededState): Promise<void> {
    await this.#apply(
      journal.undone(superseded, () => this.#alter(superseded.user, 'LOGIN')),
      isIn(superseded, 'usable'),
    );
  }

  /** Poolers first: what is retired is not looked at again. */
  async takePassword(superseded: SupersededState, forced?: Forced): Promise<void> {
    for (const pooler of this.#context.poolers) await pooler.tell(superseded.user, undefined);
    await this.#apply(
      journal.retired(superseded, () => this.#alter(superseded.user, 'NOLOGIN PASSWORD NULL'), forced),
      isIn(superseded, 'retired'),
    );
  }

  async test(credential: Credential): Promise<TestReport> {
    await this.#waitForReaders();
    const differences = new Set<string>();
    let probed = false;
    for (const endpoint of this.#context.endpoints) {
      const found = await onEndpoint(endpoint, credential, this.#context.patience, (client) =>
        this.#inspect(client, endpoint, credential.user),
      );
      for (const difference of found.differences) differences.add(difference);
      probed ||= found.probed;
    }
    return { endpoints: this.#context.endpoints.map(({ name }) => name), differences: [...differences], probed };
  }

  async #inspect(
    client: Client,
    endpoint: Endpoint,
    user: string,
  ): Promise<{ differences: string[]; probed: boolean }> {
    const { pair, sharedRoleKind } = this.#context;
    const { rows } = await client.query<{ session: string; current: string; reads: boolean }>(
      'SELECT session_user AS session, current_user AS current, pg_is_in_recovery() AS reads',
    );
    const who = rows[0];
    const differences = await parityOf(client, pair);
    const expected = sharedRoleKind === 'owner' ? pair.sharedRole : user;
    if (who?.session !== user) differences.push(`${endpoint.name} logs ${user} in as ${who?.session ?? 'nobody'}`);
    if (who?.current !== expected) {
      differences.push(
        `on ${endpoint.name}, ${user} works as ${who?.current ?? 'nobody'} and not as ${expected}; run bootstrap() again`,
      );
    }
    if (endpoint.kind !== 'writer' || who?.reads !== false) return { differences, probed: false };
    const owner = await ownerOfProbe(client);
    if (owner !== undefined && owner !== expected) {
      differences.push(`on ${endpoint.name}, what ${user} makes belongs to ${owner} and not to ${expected}`);
    }
    return { differences, probed: owner !== undefined };
  }

  /** Roles reach a physical replica with the write-ahead log; a login there before that would be refused for nothing. */
  async #waitForReaders(): Promise<void> {
    const readers = this.#context.endpoints.filter(({ kind }) => kind === 'reader');
    if (readers.length === 0) return;
    const { rows } = await this.#try(() =>
      this.#client.query<{ position: string }>('SELECT pg_current_wal_lsn()::text AS position'),
    );
    const position = rows[0]?.position;
    const login = await this.#context.admin();
    for (const reader of readers) {
      await onEndpoint(reader, login, this.#context.patience, async (client) => {
        const started = Date.now();
        for (;;) {
          const { rows: replay } = await client.query<{ there: boolean }>(
            'SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= $1::pg_lsn AS there',
            [position],
          );
          if (replay[0]?.there === true) return;
          if (Date.now() - started >= this.#context.replicationMs) {
            throw new DatabaseError(
              `${describeEndpoint(reader)} has not replayed the new password after ${this.#context.replicationMs} ms. Nothing was published; resume when it has caught up.`,
              { kind: 'network', endpoint: reader.name },
            );
          }
          await pause(100);
        }
      });
    }
  }

  async logins(credential: Credential): Promise<readonly EndpointLogin[]> {
    return await Promise.all(
      this.#context.endpoints.map(async (endpoint) => await tryLogin(endpoint, credential, this.#context.patience)),
    );
  }

  async noteCompromised(published: Omit<PublishedState, 'at'>, reason: string): Promise<void> {
    await this.#apply(journal.compromisedNoted(published, reason));
  }

  async lastCompromised(): Promise<JournalEntry | undefined> {
    return await this.#try(() => journal.lastEntry(this.#client, this.#context.pair.name, 'compromised'));
  }

  async endSessions(user: string): Promise<readonly Holder[]> {
    const servers = this.#context.endpoints.filter(({ kind }) => kind === 'writer' || kind === 'reader');
    const login = await this.#context.admin();
    const ended = await Promise.all(servers.map((endpoint) => endOn(endpoint, login, this.#context.patience, user)));
    return ended.flat();
  }

  async adopt(published: Omit<PublishedState, 'at'>, atLeast: number, because: string): Promise<void> {
    const other = otherUser(this.#context.pair, published.user);
    await this.#apply(journal.adopted(published, other, atLeast, because));
  }

  async statements(planned: Planned): Promise<readonly string[]> {
    const { pair, strategy } = this.#context;
    const { id } = await this.read();
    return plannedStatements(this.#client, { name: pair.name, id, strategy }, planned);
  }

  async close(): Promise<void> {
    await close(this.#client);
  }

  async #alter(user: string, what: string): Promise<void> {
    await this.#client.query(alterRole(this.#client, user, what));
  }

  async #apply(change: journal.Change, done?: (state: PairState) => boolean): Promise<void> {
    await this.#try(() => journal.apply(this.#client, this.#context.pair.name, change, done));
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    return await asDatabaseErrors(this.#context.writer, work);
  }
}

function isIn(superseded: SupersededState, phase: SupersededState['phase']): (state: PairState) => boolean {
  return (state) =>
    state.superseded?.user === superseded.user &&
    state.superseded.generation === superseded.generation &&
    state.superseded.phase === phase;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
