import { type FailureCause, isAuthenticationError } from '@keyturn/plan';

import { type Evidence, type Fingerprint, type InstanceEvidence, type Login, heldAt } from './evidence.js';

/** A query that the application answered with an error. */
export interface FailedQuery {
  readonly instance: string;
  readonly sentAt: number;
  readonly endedAt: number;
}

/**
 * The cause of one failed query. Causes exclude one another; the first that holds is the answer:
 *
 * 1. no login was refused to the instance while the query ran, or not for its credential: `unknown`
 * 2. `wrongSecret`: the database had never taken the pair that was used
 * 3. `poolNotDrained`: the instance had read a newer credential, and its pool still offered the older one
 * 4. `partialDeployment`: the source was newer than the instance's last read, and another instance had the newer one already
 * 5. `configNotReloaded`: the source was newer than the instance's last read, and no instance had the newer one
 * 6. `race`: the credential was read before the database stopped taking it and used after, and the source knew no newer one yet
 * 7. `unknown`
 */
export function causeOf(failure: FailedQuery, evidence: Evidence): FailureCause {
  const process = evidence.instances.find((candidate) => ran(candidate, failure.instance, failure.endedAt));
  const login = process && refusedDuring(failure, process);
  if (!process || login?.credential === undefined || !isRefused(login)) return 'unknown';

  const used = evidence.database.find(
    (accepted) => accepted.credential === login.credential && accepted.from <= login.endedAt,
  );
  if (!used) return 'wrongSecret';

  const newer = newerThan(evidence);
  const read = heldAt(process.reads, login.begunAt)?.credential;
  if (read !== undefined && newer(read, used.credential)) return 'poolNotDrained';

  const last = read ?? used.credential;
  const offered = heldAt(evidence.source, login.begunAt)?.credential;
  if (offered !== undefined && newer(offered, last)) {
    const ahead = evidence.instances.some(
      (other) =>
        other.instance !== failure.instance && alive(other, login.begunAt) && hasRead(other, login.begunAt, last),
    );
    return ahead ? 'partialDeployment' : 'configNotReloaded';
  }

  const readAt = process.reads.findLast((held) => held.at <= login.begunAt && held.credential === used.credential)?.at;
  if (used.ending && readAt !== undefined && readAt <= used.ending.doneAt && login.endedAt >= used.ending.begunAt) {
    return 'race';
  }
  return 'unknown';

  function hasRead(other: InstanceEvidence, at: number, than: Fingerprint): boolean {
    const held = heldAt(other.reads, at)?.credential;
    return held !== undefined && newer(held, than);
  }
}

/** A pool hands a refused login to the query that waited for it, so the last refusal before the query's end is the one it was told. */
function refusedDuring(failure: FailedQuery, process: InstanceEvidence): Login | undefined {
  return process.logins
    .filter(
      (login) => login.refused !== undefined && login.endedAt >= failure.sentAt && login.endedAt <= failure.endedAt,
    )
    .reduce<Login | undefined>((last, login) => (last && last.endedAt > login.endedAt ? last : login), undefined);
}

/** An SQLSTATE has five characters, and the error numbers that count have four. */
function isRefused({ refused }: Login): boolean {
  return isAuthenticationError({ code: refused, errno: Number(refused) });
}

function ran(process: InstanceEvidence, instance: string, at: number): boolean {
  return process.instance === instance && alive(process, at);
}

function alive(process: InstanceEvidence, at: number): boolean {
  return process.startedAt <= at && (process.endedAt === undefined || process.endedAt >= at);
}

/** Credentials are as old as the database's first acceptance of them; one that it never took is newer than none. */
function newerThan(evidence: Evidence): (one: Fingerprint, other: Fingerprint) => boolean {
  const since = new Map(evidence.database.map((accepted) => [accepted.credential, accepted.from]));
  return (one, other) => {
    const a = since.get(one);
    const b = since.get(other);
    return a !== undefined && b !== undefined && a > b;
  };
}
