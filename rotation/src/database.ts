import type { Credential, Strategy } from '@keyturn/plan';

import { describeHolders, type Holder } from './holder.js';
import type { Intent } from './intent.js';
import type { Pair } from './pair.js';
import type { TroubleKind } from './trouble.js';

/** Times are milliseconds since 1970 on the clock of the database. */
export interface PublishedState {
  readonly user: string;
  readonly version: string;
  readonly generation: number;
  readonly at: number;
}

/**
 * The credential that was published before. `usable`: it still logs in. `locked`: it is switched off and can be switched on again.
 * `retired`: its password is gone.
 */
export interface SupersededState extends PublishedState {
  readonly phase: 'usable' | 'locked' | 'retired';
  readonly lockedAt?: number;
  readonly retiredAt?: number;
  /** Why it has to be switched on again; set until that is done. */
  readonly undo?: UndoEvidence;
}

/** Somebody still needed a credential that was switched off. */
export interface UndoEvidence {
  readonly because: 'session' | 'refused-login';
  readonly holders: readonly Holder[];
}

/** What the journal says about a pair. */
export interface PairState {
  /** Made once by `bootstrap`; a pair that was made anew has another one. */
  readonly id: string;
  /** The fence: the generation of the last re-key. Ahead of `published.generation` between set and finish. */
  readonly generation: number;
  readonly now: number;
  readonly published?: PublishedState;
  readonly superseded?: SupersededState;
  readonly intent?: Intent;
}

/** One line of the journal. It holds no secrets. */
export interface JournalEntry {
  readonly at: number;
  readonly generation: number;
  readonly event: JournalEvent;
  readonly user?: string;
  readonly version?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type JournalEvent =
  | 'bootstrapped'
  | 'decided'
  | 'candidate-replaced'
  | 'set'
  | 'pooler-told'
  | 'finished'
  | 'locked'
  | 'undo-decided'
  | 'undone'
  | 'retired'
  | 'compromised'
  | 'adopted';

/** Whether a credential logs in at an endpoint; `kind` and `message` say why not. */
export interface EndpointLogin {
  readonly endpoint: string;
  readonly works: boolean;
  readonly kind?: TroubleKind;
  readonly message?: string;
}

/** What the test step found. */
export interface TestReport {
  /** Names of the endpoints where the login worked. */
  readonly endpoints: readonly string[];
  /** How the new user differs from the other one, one sentence each; empty when they are equal. */
  readonly differences: readonly string[];
  /** Whether an object could be made, and so whom it would belong to was seen. */
  readonly probed: boolean;
}

/** Recorded beside the effect it forced. */
export interface Forced {
  readonly reason: string;
}

/** An effect of a session, described before anybody asks for it. */
export type Planned =
  | { readonly effect: 'decide'; readonly intent: Intent; readonly detail?: Readonly<Record<string, unknown>> }
  | { readonly effect: 'set'; readonly intent: Intent; readonly forced?: Forced | undefined }
  | { readonly effect: 'finish'; readonly intent: Intent; readonly report: TestReport }
  | {
      readonly effect: 'lockUser' | 'takePassword';
      readonly superseded: SupersededState;
      readonly forced?: Forced | undefined;
    }
  | { readonly effect: 'endSessions'; readonly user: string };

/**
 * One rotator at work. Every method that changes something is idempotent, and fenced: it changes nothing when the journal has moved on.
 *
 * @see FencedError
 */
export interface DatabaseSession {
  /** Keeps other rotators away from the pair until `close`, or until this process is gone. `false` when another one is at work. */
  lock(): Promise<boolean>;
  /** @throws NotBootstrappedError when the database does not know the pair. */
  read(): Promise<PairState>;
  /** Why poolers could not be told of a new password; `undefined` when they can. Where there are poolers that have to know both users ahead. */
  poolersRefuse?(): Promise<string | undefined>;
  /** Closes what poolers keep open for a user without clients, so that the gate counts who really holds it; where there are poolers. */
  releaseIdle?(user: string): Promise<void>;
  /** Sessions of a user on every endpoint, and clients of poolers. */
  holders(user: string): Promise<readonly Holder[]>;
  /** Logins that the server refused because the user is switched off, where it tells; `undefined` where it does not. */
  refusedLogins(user: string, since: number): Promise<readonly Holder[] | undefined>;
  /** Logs in on every endpoint. */
  login(credential: Credential): Promise<void>;
  /** Makes the intent durable; `detail` goes to the journal. */
  decide(intent: Intent, detail?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Makes another candidate the one of this generation, linked to the one before. */
  replaceCandidate(before: Intent, after: Intent, because: string): Promise<void>;
  /**
   * Password, login and generation in one step.
   *
   * @throws HeldError when the user got a session since the gate was checked, unless forced.
   */
  set(intent: Intent, password: string, forced?: Forced): Promise<void>;
  /** Logs in on every endpoint as the new user and compares its rights with those of the other user. */
  test(credential: Credential): Promise<TestReport>;
  /** Records that the store has published the intent's version; `detail` goes to the journal. */
  finish(intent: Intent, report: TestReport, detail?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Switches the superseded user off; its password stays. */
  lockUser(superseded: SupersededState, forced?: Forced): Promise<void>;
  /** Makes the reason for switching on again durable, before it is done. */
  decideUndo(superseded: SupersededState, evidence: UndoEvidence): Promise<void>;
  /** Switches the superseded user on again; it counts as superseded from now on. */
  undo(superseded: SupersededState): Promise<void>;
  /** Takes the password of the locked user away. */
  takePassword(superseded: SupersededState, forced?: Forced): Promise<void>;
  /** The journal of the pair, oldest first. */
  journal(): Promise<readonly JournalEntry[]>;
  /** Tries a credential on each endpoint, and reports instead of throwing. */
  logins?(credential: Credential): Promise<readonly EndpointLogin[]>;
  /** Writes down that a credential was seen by somebody else, before anything is done about it. */
  noteCompromised?(credential: Omit<PublishedState, 'at'>, reason: string): Promise<void>;
  /** The last credential that was noted as compromised. */
  lastCompromised?(): Promise<JournalEntry | undefined>;
  /** Ends every session of a user on every endpoint, and says whose they were. */
  endSessions?(user: string): Promise<readonly Holder[]>;
  /**
   * Makes the journal say that this version is the published one, after a restore. The other user counts as superseded from now on, an
   * intent is forgotten, and the next generation will be above `atLeast`. No password is changed.
   */
  adopt?(published: Omit<PublishedState, 'at'>, atLeast: number, because: string): Promise<void>;
  /** The statements that an effect would send, with every secret masked. Nothing is changed. */
  statements?(planned: Planned): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What is in use before keyturn knows of it. */
export interface Existing {
  /** What the store publishes. */
  readonly published: Omit<PublishedState, 'at'>;
  /** The credential of the other user, where the store holds one that was published before. */
  readonly previous?: Omit<PublishedState, 'at'>;
}

/** How existing users become a pair; no password is changed. */
export interface TakeOver {
  /** In order. */
  readonly statements: readonly string[];
  /** Whether they are one transaction; where account statements commit on their own, the pair is recorded last. */
  readonly atomic: boolean;
  /** What takes it back, until the first rotation. */
  readonly undo: readonly string[];
  /** What no statement here can mend. */
  readonly warnings: readonly string[];
}

/** What `bootstrap` may take for granted. */
export interface BootstrapRun {
  /** Users that can log in already are no strangers: the store made their passwords. Default: false. */
  readonly loginsFromStore?: boolean;
}

/** A database whose users are rotated. */
export interface Database {
  readonly pair: Pair;
  /** Default: `dual-user`. */
  readonly strategy?: Strategy;
  /** Makes roles and journal, or takes over roles that components made. Changes nothing when all is there; never switches a user on. */
  bootstrap(run?: BootstrapRun): Promise<void>;
  /** The statements that `bootstrap` would send now; nothing is changed. */
  bootstrapStatements?(run?: BootstrapRun): Promise<readonly string[]>;
  /**
   * Makes a pair of users that are in use, without changing a password; with `apply` false it only says how.
   *
   * @throws BootstrapError when it cannot be.
   */
  takeOver?(existing: Existing, apply: boolean): Promise<TakeOver>;
  /**
   * Takes a take-over back; with `apply` false it only says how.
   *
   * @throws BootstrapError when something was rotated since.
   */
  undoTakeOver?(apply: boolean): Promise<readonly string[]>;
  open(): Promise<DatabaseSession>;
}

/** A database did not do what it was asked; `kind` says what to make of it. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  readonly kind: TroubleKind;
  readonly endpoint: string;

  constructor(message: string, options: { kind: TroubleKind; endpoint: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.kind = options.kind;
    this.endpoint = options.endpoint;
  }
}

/** The journal has moved on: another rotator was faster. Nothing was changed. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
  readonly pair: string;

  constructor(pair: string, step: string) {
    super(
      `${pair}: another rotator moved this pair on, so "${step}" changed nothing. Run it again to see where it stands.`,
    );
    this.pair = pair;
  }
}

/** Somebody logged in as the user between the check of the gate and the re-key. Nothing was changed. */
export class HeldError extends Error {
  override readonly name = 'HeldError';
  readonly user: string;
  readonly holders: readonly Holder[];

  constructor(user: string, holders: readonly Holder[], now: number) {
    super(`${user} got a session at the last moment: ${describeHolders(holders, now)}. Its password was not changed.`);
    this.user = user;
    this.holders = holders;
  }
}

/** There is no journal for this pair. */
export class NotBootstrappedError extends Error {
  override readonly name = 'NotBootstrappedError';

  constructor(pair: string) {
    super(`The database does not know the pair "${pair}". Run bootstrap() once, as a role that may create roles.`);
  }
}

/** What is there cannot be taken over. */
export class BootstrapError extends Error {
  override readonly name = 'BootstrapError';
}
