import { formatDuration } from '@keyturn/plan';

/** A session, or a consumer, that still uses a credential. */
export interface Holder {
  /** Name of the endpoint that shows the session; of a consumer without a session, what kind it is. */
  readonly endpoint: string;
  readonly user: string;
  /** Address of the client. Missing where the server does not show it to the rotator (PostgreSQL: `pg_read_all_stats`). */
  readonly clientAddress?: string;
  /** `application_name` of the session, or the name of the consumer. */
  readonly application?: string;
  readonly since?: Date;
}

const listed = 5;

/** `worker from 10.0.0.7 on writer for 2h 3m, and 4 more`. */
export function describeHolders(holders: readonly Holder[], now: number): string {
  const texts = holders.slice(0, listed).map((holder) => {
    const application =
      holder.application === undefined || holder.application === '' ? 'a session' : holder.application;
    const from = holder.clientAddress === undefined ? '' : ` from ${holder.clientAddress}`;
    const age = holder.since === undefined ? '' : ` for ${formatDuration(Math.max(0, now - holder.since.getTime()))}`;
    return `${application}${from} on ${holder.endpoint}${age}`;
  });
  const more = holders.length - listed;
  return texts.join(', ') + (more > 0 ? `, and ${more} more` : '');
}
