import { createHash } from 'node:crypto';

import { type Credential, otherUser, type Strategy } from '@keyturn/plan';

import {
  DatabaseError,
  type DatabaseSession,
  type EndpointLogin,
  type Forced,
  FencedError,
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
import type { Proxysql } from '../../poolers/proxysql.js';
import { describeEndpoint, type Endpoint, type Login, type Patience } from '../postgres/endpoint.js';
import { Accounts, type AccountRules } from './accounts.js';
import { asUser } from './as-user.js';
import { Client, onEndpoint } from './endpoint.js';
import { endOn, sessionsOf } from './holders.js';
import * as journal from './journal.js';
import { parityOf } from './parity.js';
import { plannedStatements } from './planned.js';
import { Poolers, poolersTold } from './poolers.js';
import { refusedOn } from './refused-logins.js';
import { type Flavour, flavourOf } from './server.js';
import { type Switch, switchOf } from './switch.js';

/** What a session needs to know of its database. */
export interface SessionContext {
  readonly pair: Pair;
  readonly strategy: Strategy;
  rulesOf(flavour: Flavour): AccountRules;
  readonly writer: Endpoint;
  readonly endpoints: readonly Endpoint[];
  readonly poolers: readonly Proxysql[];
  readonly patience: Patience;
  /** How long readers may take to show a change, in milliseconds. */
  readonly replicationMs: number;
  readonly lockWaitMs: number;
  admin(): Promise<Login>;
  readonly refusedLogins?: (user: string, since: Date) => Promise<readonly Holder[]>;
}

/**
 * One rotator on the writer. Journal, lock and account statements share one connection: who lost the connection, and with it the lock, can send
 * nothing more on it.
 */
export class MysqlSession implements DatabaseSession {
  readonly #context: SessionContext;
  readonly #client: Client;
  readonly #flavour: Flavour;
  readonly #rules: AccountRules;
  readonly #accounts: Accounts;
  readonly #switch: Switch;
  readonly #poolers: Poolers;
  #locked = false;

  private constructor(context: SessionContext, client: Client, flavour: Flavour) {
    this.#context = context;
    this.#client = client;
    this.#flavour = flavour;
    this.#rules = context.rulesOf(flavour);
    this.#accounts = new Accounts(client, flavour, this.#rules);
    this.#switch = switchOf(context.strategy, this.#accounts, context.writer.name);
    this.#poolers = new Poolers(context.poolers, this.#accounts, flavour);
  }

  static async open(context: SessionContext): Promise<MysqlSession> {
    const client = await Client.connect(context.writer, await context.admin(), context.patience);
    try {
      return new MysqlSession(context, client, await flavourOf(client));
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  async lock(): Promise<boolean> {
    const started = Date.now();
    const name = `keyturn ${createHash('sha256').update(this.#context.pair.name).digest('hex').slice(0, 40)}`;
    while (!this.#locked) {
      const [row] = await this.#client.rows<{ locked: number | null }>('SELECT GET_LOCK(?, 0) AS locked', [name]);
      this.#locked = row?.locked === 1;
      if (this.#locked) await this.#settle();
      else if (Date.now() - started >= this.#context.lockWaitMs) return false;
      else await pause(50);
    }
    return true;
  }

  /** An account statement that the one before decided on may have been carried out or not; carrying it out again makes sure. */
  async #settle(): Promise<void> {
    const { state, effect } = await journal.read(this.#client, this.#context.pair.name);
    if (effect !== undefined && state.superseded !== undefined) await this.#carryOut(state.superseded, effect);
  }

  async read(): Promise<PairState> {
    return (await journal.read(this.#client, this.#context.pair.name)).state;
  }

  async journal(): Promise<readonly JournalEntry[]> {
    return await journal.entries(this.#client, this.#context.pair.name);
  }

  async poolersRefuse(): Promise<string | undefined> {
    return await this.#poolers.refusal(this.#context.pair.users);
  }

  /** They would count as sessions for as long as a pooler keeps them. */
  async releaseIdle(user: string): Promise<void> {
    if (this.#context.poolers.length === 0) return;
    await this.#onServers(async (client) => await this.#poolers.release(client, user));
  }

  /**
   * A pooler's sessions are sessions of the server behind it, so they are counted there; its clients, which may have none at the moment, are
   * counted on it.
   */
  async holders(user: string): Promise<readonly Holder[]> {
    const [found, clients] = await Promise.all([
      this.#onServers(async (client) => await sessionsOf(client, user)),
      this.#poolers.clients(user),
    ]);
    return [...found.flat().map(({ holder }) => holder), ...clients];
  }

  async refusedLogins(user: string, since: number): Promise<readonly Holder[] | undefined> {
    if (this.#context.refusedLogins !== undefined) return await this.#context.refusedLogins(user, new Date(since));
    if (this.#flavour === 'mariadb') return undefined;
    const found = await this.#onServers(async (client) => await refusedOn(client, user, since));
    return found.every((refusals) => refusals === undefined) ? undefined : found.flatMap((refusals) => refusals ?? []);
  }

  async login(credential: Credential): Promise<void> {
    for (const endpoint of this.#context.endpoints) {
      await asUser(this.#context, this.#client, credential, endpoint, (client) => client.rows('SELECT 1'));
    }
  }

  async logins(credential: Credential): Promise<readonly EndpointLogin[]> {
    return await Promise.all(
      this.#context.endpoints.map(async (endpoint) => {
        try {
          await asUser(this.#context, this.#client, credential, endpoint, (client) => client.rows('SELECT 1'));
          return { endpoint: endpoint.name, works: true };
        } catch (error) {
          if (!(error instanceof DatabaseError)) throw error;
          return { endpoint: endpoint.name, works: false, kind: error.kind, message: error.message };
        }
      }),
    );
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
    await this.#fence('set');
    await this.#poolers.check(this.#context.pair.users);
    const state = await this.read();
    // For another intent, the fence below refuses.
    if (state.intent?.token === intent.token) await this.#switch.check(intent, password, state, forced);
    // Account statements cannot be taken back, so the sessions are counted before; what is left is the time between the two statements.
    if (this.#switch.drains && forced === undefined && state.generation < intent.generation) {
      const holders = await this.holders(intent.user);
      if (holders.length > 0) throw new HeldError(intent.user, holders, Date.now());
    }
    await this.#apply(journal.setting(intent));
    await this.#switch.set(intent, password);
    await this.#apply(journal.wasSet(intent, forced));
    if (this.#poolers.names.length === 0) return;
    // A run that ends in between sets the candidate once more, and poolers learn of the password that is in force then.
    await this.#poolers.tell(intent.user, password);
    await this.#apply(poolersTold(intent, this.#poolers.names));
  }

  async finish(intent: Intent, report: TestReport, detail?: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#apply(
      journal.finished(intent, report, this.#switch.supersedes, detail),
      ({ published }) => published?.generation === intent.generation && published.version === intent.version,
    );
  }

  async lockUser(superseded: SupersededState, forced?: Forced): Promise<void> {
    await this.#effect(superseded, { step: 'lock', ...(forced && { forced }) }, 'locked');
  }

  async takePassword(superseded: SupersededState, forced?: Forced): Promise<void> {
    await this.#effect(superseded, { step: 'retire', ...(forced && { forced }) }, 'retired');
  }

  async decideUndo(superseded: SupersededState, evidence: UndoEvidence): Promise<void> {
    await this.#apply(journal.undoDecided(superseded, evidence), (state) => state.superseded?.undo !== undefined);
  }

  async undo(superseded: SupersededState): Promise<void> {
    const nothing = { step: 'undo', assign: { sql: 'name = name', values: [] }, fence: journal.undoable(superseded) };
    if (!(await this.#apply(nothing, isIn(superseded, 'usable')))) return;
    await this.#switch.on(superseded.user);
    await this.#poolers.switchOn(superseded.user);
    await this.#apply(journal.undone(superseded), isIn(superseded, 'usable'));
  }

  async test(credential: Credential): Promise<TestReport> {
    await this.#waitForReaders(credential.user);
    const differences = new Set<string>();
    for (const endpoint of this.#context.endpoints) {
      for (const difference of await this.#inspect(endpoint, credential)) differences.add(difference);
    }
    const compared = await this.#onServers(async (client) => {
      const accounts = new Accounts(client, this.#flavour, this.#rules);
      return await parityOf(client, accounts, this.#flavour, this.#context.pair, this.#rules.host);
    });
    for (const difference of compared.flat()) differences.add(difference);
    return {
      endpoints: this.#context.endpoints.map(({ name }) => name),
      differences: [...differences],
      // Objects have no owners here, so there is nothing that a probe could show.
      probed: false,
    };
  }

  async #inspect(endpoint: Endpoint, credential: Credential): Promise<string[]> {
    const { pair } = this.#context;
    let row: { readonly account: string; readonly role: string | null } | undefined;
    try {
      [row] = await asUser(this.#context, this.#client, credential, endpoint, (client) =>
        client.rows('SELECT CURRENT_USER() AS account, CURRENT_ROLE() AS role'),
      );
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.kind !== 'permission') throw error;
      return [
        `on ${endpoint.name}, ${credential.user} may not use the database ${endpoint.database}; run bootstrap() again, or grant ${pair.sharedRole} what applications need there`,
      ];
    }
    const differences: string[] = [];
    const expected = `${credential.user}@${this.#rules.host}`;
    if (row?.account !== expected) {
      differences.push(
        `${endpoint.name} logs ${credential.user} in as ${row?.account ?? 'nobody'} and not as ${expected}`,
      );
    }
    const role = this.#flavour === 'mysql' ? `\`${pair.sharedRole}\`@\`%\`` : pair.sharedRole;
    if (row?.role?.split(',').includes(role) !== true) {
      differences.push(
        `on ${endpoint.name}, ${credential.user} logs in with the role ${row?.role ?? 'NONE'} and not with ${pair.sharedRole}; run bootstrap() again`,
      );
    }
    return differences;
  }

  /** Accounts reach a replica with the binary log; a login there before that would be refused for nothing, and counted against the account. */
  async #waitForReaders(user: string): Promise<void> {
    const readers = this.#context.endpoints.filter(({ kind }) => kind === 'reader');
    if (readers.length === 0) return;
    const shown = async (client: Client): Promise<string> =>
      JSON.stringify(await client.rows(`SHOW CREATE USER ${this.#accounts.name(user)}`));
    const wanted = await shown(this.#client);
    const login = await this.#context.admin();
    for (const reader of readers) {
      await onEndpoint(reader, login, this.#context.patience, async (client) => {
        const started = Date.now();
        while ((await shown(client).catch(() => '')) !== wanted) {
          if (Date.now() - started >= this.#context.replicationMs) {
            throw new DatabaseError(
              `${describeEndpoint(reader)} does not show the new password after ${this.#context.replicationMs} ms. Nothing was published; resume when it has caught up.`,
              { kind: 'network', endpoint: reader.name },
            );
          }
          await pause(100);
        }
      });
    }
  }

  async noteCompromised(published: Omit<PublishedState, 'at'>, reason: string): Promise<void> {
    await this.#apply(journal.compromisedNoted(published, reason));
  }

  async lastCompromised(): Promise<JournalEntry | undefined> {
    return (await journal.entries(this.#client, this.#context.pair.name, 'compromised')).at(-1);
  }

  async endSessions(user: string): Promise<readonly Holder[]> {
    // A client of a pooler that stays logged in would get the next connection that this user has there.
    const clients = await this.#poolers.endClients(user);
    return [...clients, ...(await this.#onServers(async (client) => await endOn(client, user))).flat()];
  }

  async adopt(published: Omit<PublishedState, 'at'>, atLeast: number, because: string): Promise<void> {
    const other = otherUser(this.#context.pair, published.user);
    await this.#apply(journal.adopted(published, other, atLeast, because));
  }

  async statements(planned: Planned): Promise<readonly string[]> {
    const { pair, strategy, writer } = this.#context;
    const recorder = this.#client.recorder();
    const accounts = new Accounts(recorder, this.#flavour, this.#rules);
    const { id } = await this.read();
    const known = { name: pair.name, id, switch: switchOf(strategy, accounts, writer.name) };
    await plannedStatements(recorder, known, planned);
    return planned.effect === 'set'
      ? [...recorder.recorded, ...this.#poolers.told(planned.intent.user)]
      : recorder.recorded;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** On the writer, and on every reader. */
  async #onServers<T>(work: (client: Client) => Promise<T>): Promise<T[]> {
    const servers = this.#context.endpoints.filter(({ kind }) => kind === 'writer' || kind === 'reader');
    const login = await this.#context.admin();
    return await Promise.all(
      servers.map(async (endpoint) =>
        endpoint === this.#context.writer
          ? await work(this.#client)
          : await onEndpoint(endpoint, login, this.#context.patience, work),
      ),
    );
  }

  async #effect(superseded: SupersededState, effect: journal.Effect, phase: SupersededState['phase']): Promise<void> {
    const changed = await this.#apply(journal.effectDecided(superseded, effect), isIn(superseded, phase));
    if (changed) await this.#carryOut(superseded, effect);
  }

  async #carryOut(superseded: SupersededState, effect: journal.Effect): Promise<void> {
    const { user } = superseded;
    if (effect.step === 'lock') {
      await this.#poolers.switchOff(user);
      await this.#switch.off(user);
    } else {
      await this.#poolers.forget(user);
      await this.#switch.retire(user);
    }
    await this.#apply(journal.effectDone(superseded, effect));
  }

  async #apply(change: journal.Change, done?: (state: PairState) => boolean): Promise<boolean> {
    await this.#fence(change.step);
    return await journal.apply(this.#client, this.#context.pair.name, change, done);
  }

  async #fence(step: string): Promise<void> {
    if (!(await this.lock())) throw new FencedError(this.#context.pair.name, step);
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
