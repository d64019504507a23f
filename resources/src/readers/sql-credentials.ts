import type { Place } from '../place.js';
import { absent, type Value } from '../value.js';
import { textOfShell } from './shell-values.js';

/** A text in quotes, also where the quotes are escaped, or a variable. */
export const value = String.raw`(?:\\?["'](?<text>[^"'\\]*)|(?<variable>\$\w+|\$\{\w+[^}]*\}))`;

/** A user of SQL, with or without a host. */
export const user = String.raw`["'\\\x60]*(?<user>[\w$.{}-]+)["'\\\x60]*(?:@\S+)?`;

/** What a match of `value` stands for. Nothing where the statement has none. */
export function passwordOf({ groups }: RegExpExecArray, place: Place): Value {
  const written = groups?.['text'] ?? groups?.['variable'];
  if (written === undefined) return absent;
  const value = textOfShell(written, { expands: true, place });
  if (value.kind === 'known' && /^%[sqLI]$|[`$]./.test(written)) {
    const provenance = { kind: 'environment', name: /\$\{?([A-Za-z_]\w*)/.exec(written)?.[1] ?? '' } as const;
    return { kind: 'unknown', because: 'the script makes it', secret: true, provenance, place };
  }
  return value.kind === 'absent' ? value : { ...value, secret: true };
}
