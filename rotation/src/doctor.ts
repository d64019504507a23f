import { compareStore } from './advance.js';
import { unfinishedCompromise } from './compromised.js';
import type { EndpointLogin, PairState } from './database.js';
import type { Holder } from './holder.js';
import { isRollback } from './intent.js';
import type { StoredCredential } from './store.js';
import { sessionsTell, type Work } from './work.js';

/** What a version of the store is to the journal; `unknown` to it when the journal does not name it. */
export type VersionPart = 'published' | 'superseded' | 'candidate' | 'unknown';

/** One version that the store holds, or that the journal names, and where its credential logs in. Never a password. */
export interface VersionReport {
  readonly version: string;
  readonly part: VersionPart;
  /** Missing when the store no longer holds it. */
  readonly stored?: Pick<StoredCredential, 'user' | 'generation' | 'stage'>;
  /** Empty when the store no longer holds it. */
  readonly logins: readonly EndpointLogin[];
}

/** Something is not as it should be; `id` is for machines, `says` and `advice` for people. */
export interface Problem {
  readonly id:
    | 'store-and-journal-disagree'
    | 'published-refused'
    | 'superseded-refused'
    | 'superseded-lost'
    | 'half-advance'
    | 'half-rollback'
    | 'half-compromised'
    | 'half-retire'
    | 'stray-candidate'
    | 'retired-logs-in'
    | 'old-credential-in-use';
  /** `attention`: something waits for a run. `broken`: applications fail, or a run would be refused. */
  readonly severity: 'broken' | 'attention';
  readonly says: string;
  readonly advice: string;
}

/** What was found of a pair. */
export interface Diagnosis {
  readonly pair: string;
  readonly state: PairState;
  readonly versions: readonly VersionReport[];
  /** Sessions of the superseded credential. */
  readonly holders: readonly Holder[];
  readonly problems: readonly Problem[];
}

/** Tries every version on every endpoint and compares store, journal and database; changes nothing. */
export async function diagnose(work: Work): Promise<Diagnosis> {
  const state = await work.session.read();
  const versions = await versionReports(work, state);
  const { superseded } = state;
  const holders = superseded === undefined || !sessionsTell(work) ? [] : await work.session.holders(superseded.user);
  const problems = [
    ...(await disagreement(work, state, versions)),
    ...loginProblems(state, versions),
    ...(await halves(work, state)),
    ...strays(work, versions),
    ...inUse(state, holders),
  ];
  return { pair: work.pair.name, state, versions, holders, problems };
}

export async function versionReports(work: Work, state: PairState): Promise<VersionReport[]> {
  const names = new Set<string>();
  for (const { version } of (await work.store.versions?.()) ?? []) names.add(version);
  const published = await work.store.readPublished();
  for (const named of [published, state.published, state.superseded, state.intent]) {
    if (named !== undefined && named.version !== '') names.add(named.version);
  }
  return await Promise.all([...names].map(async (version) => await reportOf(work, state, version)));
}

async function reportOf(work: Work, state: PairState, version: string): Promise<VersionReport> {
  const held = await work.store.readVersion(version);
  const part = partOf(state, version);
  if (held === undefined) return { version, part, logins: [] };
  const { user, password, generation, stage } = held;
  const logins = (await work.session.logins?.({ user, password, generation })) ?? [];
  return { version, part, stored: { user, generation, stage }, logins };
}

function partOf({ published, superseded, intent }: PairState, version: string): VersionPart {
  if (version === published?.version) return 'published';
  if (version === superseded?.version) return 'superseded';
  return version === intent?.version ? 'candidate' : 'unknown';
}

/** Whether a credential works wherever applications log in. */
export function worksEverywhere({ logins }: Pick<VersionReport, 'logins'>): boolean {
  return logins.length > 0 && logins.every(({ works }) => works);
}

async function disagreement(work: Work, state: PairState, versions: readonly VersionReport[]): Promise<Problem[]> {
  const found = await compareStore(work, state);
  if (found === undefined) return [];
  const current = versions.find(({ stored }) => stored?.stage === 'current');
  const working = versions.filter(worksEverywhere).map(({ version, stored }) => `${version} (${stored?.user ?? ''})`);
  const which =
    current === undefined
      ? 'The store publishes nothing.'
      : `What the store publishes ${worksEverywhere(current) ? 'logs in everywhere' : 'does not log in everywhere'}.`;
  return [
    {
      id: 'store-and-journal-disagree',
      severity: 'broken',
      says: `${found.because} ${which} Versions that log in everywhere: ${working.join(', ') || 'none'}.`,
      advice: `Look at "keyturn adopt ${work.pair.name}", which shows what it would settle on, then run it with --apply.`,
    },
  ];
}

function loginProblems({ published, superseded }: PairState, versions: readonly VersionReport[]): Problem[] {
  const of = (part: VersionPart): VersionReport | undefined => versions.find((one) => one.part === part);
  const problems: Problem[] = [];
  const now = of('published');
  if (published !== undefined && now?.stored !== undefined && !worksEverywhere(now)) {
    problems.push({
      id: 'published-refused',
      severity: 'broken',
      says: `The published credential of ${published.user} does not log in on ${refusals(now)}.`,
      advice: refusedAdvice(now),
    });
  }
  const before = of('superseded');
  if (superseded?.phase === 'usable' && before !== undefined) {
    if (before.stored === undefined) {
      problems.push({
        id: 'superseded-lost',
        severity: 'attention',
        says: `The store no longer holds the superseded credential of ${superseded.user}, so there is no way back to it.`,
        advice: 'Nothing has to be done: the next advance gives that user a new one.',
      });
    } else if (!worksEverywhere(before)) {
      problems.push({
        id: 'superseded-refused',
        severity: 'broken',
        says: `The superseded credential of ${superseded.user} is not retired and does not log in on ${refusals(before)}.`,
        advice: `Consumers that still hold it are failing. ${refusedAdvice(before)}`,
      });
    }
  }
  if (superseded?.phase === 'retired' && before?.logins.some(({ works }) => works) === true) {
    problems.push({
      id: 'retired-logs-in',
      severity: 'broken',
      says: `The retired credential of ${superseded.user} logs in again.`,
      advice: 'Somebody set its password back, or the database was restored. Find out who, then advance.',
    });
  }
  return problems;
}

function refusals({ logins }: VersionReport): string {
  const failed = logins.filter(({ works }) => !works);
  return failed.map(({ endpoint, message }) => `${endpoint} (${message ?? 'no reason given'})`).join(', ');
}

function refusedAdvice({ logins }: VersionReport): string {
  const authentication = logins.some(({ works, kind }) => !works && kind === 'authentication');
  return authentication
    ? 'Somebody else changed the password, or the user is switched off. See who; "keyturn rotate --force --reason TEXT" publishes a new one.'
    : 'This says nothing about the password: see whether the endpoint can be reached, and its certificate trusted.';
}

async function halves(work: Work, state: PairState): Promise<Problem[]> {
  const resume = `Run "keyturn resume ${work.pair.name}".`;
  const { intent, superseded } = state;
  const problems: Problem[] = [];
  const open = await unfinishedCompromise(work.session, state);
  if (open !== undefined) {
    problems.push({
      id: 'half-compromised',
      severity: 'broken',
      says: `The compromised credential of ${open.user} (generation ${open.generation}) is not taken away yet.`,
      advice: resume,
    });
  }
  if (intent !== undefined) {
    const how = state.generation >= intent.generation ? 'has its new password' : 'has not got its new password';
    problems.push({
      id: isRollback(intent, state.id) ? 'half-rollback' : 'half-advance',
      severity: 'attention',
      says: `A rotation to generation ${intent.generation} is unfinished: ${intent.user} ${how}, and it is not published.`,
      advice: resume,
    });
  } else if (superseded?.phase === 'locked') {
    problems.push({
      id: 'half-retire',
      severity: 'attention',
      says: `${superseded.user} is switched off and its password is still there.`,
      advice: `Run "keyturn retire ${work.pair.name}" after the soak; a login that was refused meanwhile switches it on again.`,
    });
  }
  return problems;
}

function strays(work: Work, versions: readonly VersionReport[]): Problem[] {
  return versions
    .filter(({ part, stored }) => part === 'unknown' && stored?.stage === 'pending')
    .map(({ version, stored }) => ({
      id: 'stray-candidate',
      severity: 'attention',
      says: `${work.store.name} holds the candidate ${version} for ${stored?.user ?? 'nobody'} (generation ${stored?.generation ?? 0}), and the journal has not decided on it.`,
      advice:
        'A run ended before it decided, or somebody else wrote it. The next advance uses its own again; in Secrets Manager, remove AWSPENDING from one that is not yours, or RotateSecret is refused.',
    }));
}

function inUse({ superseded }: PairState, holders: readonly Holder[]): Problem[] {
  if (superseded === undefined || holders.length === 0) return [];
  return [
    {
      id: 'old-credential-in-use',
      severity: 'attention',
      says: `${superseded.user} is superseded and has ${holders.length} ${holders.length === 1 ? 'session' : 'sessions'}.`,
      advice: 'They keep it from being re-keyed. Wait, or restart who holds them.',
    },
  ];
}
