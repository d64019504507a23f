import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import { DatabaseError } from '../../database.js';
import type { Holder } from '../../holder.js';

/** A line of the log that says when, who and from where. */
interface Refusal {
  readonly at: Date;
  readonly user: string;
  readonly address?: string;
  readonly application?: string;
}

const message = /role "((?:[^"]|"")+)" is not permitted to log in/;
/** `%m` or `%t` at the beginning of `log_line_prefix`, in UTC or with an offset. */
const stamp = /^\[?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(UTC|GMT|Z|[+-]\d\d(?::?\d\d)?)/;

/**
 * Reads which logins a PostgreSQL refused because their user is switched off: it checks the password first, so each is somebody who still has
 * the right one (SQLSTATE 28000). Understands `jsonlog`, and `stderr` with `%m` or `%t` at the beginning of `log_line_prefix` and
 * `log_timezone` UTC; a line whose time cannot be read counts, because it may be one.
 *
 * @throws DatabaseError when the file cannot be read: without it nothing is known, which must not look like none.
 */
export async function refusedInLog(file: string, user: string, since: Date): Promise<readonly Holder[]> {
  const found: Holder[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (!line.includes('is not permitted to log in')) continue;
      const refusal = line.startsWith('{') ? ofJson(line) : ofText(line);
      if (refusal?.user !== user || refusal.at < since) continue;
      found.push({
        endpoint: 'server log',
        user,
        since: refusal.at,
        ...(refusal.address !== undefined && { clientAddress: refusal.address }),
        ...(refusal.application !== undefined && { application: refusal.application }),
      });
    }
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    throw new DatabaseError(
      `The log of the server, ${file}, cannot be read (${String(code)}). Name the file that it writes now, and let this process read it.`,
      { kind: 'other', endpoint: 'server log', cause },
    );
  }
  return found;
}

function ofText(line: string): Refusal | undefined {
  const name = message.exec(line)?.[1];
  if (name === undefined) return undefined;
  const [, day = '', time = '', zone = ''] = stamp.exec(line) ?? [];
  const at = new Date(`${day}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/UTC|GMT/, 'Z')}`);
  return { at: Number.isNaN(at.getTime()) ? new Date() : at, user: name.replaceAll('""', '"') };
}

function ofJson(line: string): Refusal | undefined {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const text = (key: string): string | undefined => (typeof entry[key] === 'string' ? entry[key] : undefined);
  const name = message.exec(text('message') ?? '')?.[1];
  if (name === undefined) return undefined;
  const at = new Date((text('timestamp') ?? '').replace(' ', 'T').replace(/ (?:UTC|GMT)$/, 'Z'));
  const [address, application] = [text('remote_host'), text('application_name')];
  return {
    at: Number.isNaN(at.getTime()) ? new Date() : at,
    user: name.replaceAll('""', '"'),
    ...(address !== undefined && { address }),
    ...(application !== undefined && application !== '' && { application }),
  };
}
