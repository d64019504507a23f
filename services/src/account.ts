import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** An ordinary account that can run a server which refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** No account fits; the message says what was looked for. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
}

/**
 * The account to run a server as: `undefined` for "as we are", an existing unprivileged one when we are root.
 *
 * @throws AccountError when we are root and neither `postgres` nor `nobody` exists.
 */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  for (const wanted of ['nobody', 'postgres', 'daemon']) {
    const [name, , uid, gid] = (lines.find((line) => line.startsWith(`${wanted}:`)) ?? '').split(':');
    if (name !== undefined && name !== '' && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new AccountError(
    'PostgreSQL refuses to run as root, and no account "nobody", "postgres" or "daemon" exists. Run as an ordinary user.',
  );
}

/** Whether everybody may walk down to a folder; a folder under `/root` fails this. */
export function everybodyCanReach(folder: string): boolean {
  for (let current = path.resolve(folder); ; current = path.dirname(current)) {
    if ((statSync(current).mode & 0o005) !== 0o005) return false;
    if (current === path.dirname(current)) return true;
  }
}
