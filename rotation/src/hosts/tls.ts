import { readFileSync } from 'node:fs';

import type { Tls } from '../databases/postgres/endpoint.js';
import { SettingsError } from './settings-error.js';

/**
 * How connections are encrypted, from the text of a setting: path of a CA file, or `off`; nothing means the system's certificates.
 *
 * @throws SettingsError when the file cannot be read.
 */
export function tlsFrom(text: string | undefined, setting: string): Tls {
  if (text === undefined || text === '') return true;
  if (text === 'off') return false;
  try {
    return { ca: readFileSync(text, 'utf8') };
  } catch (cause) {
    throw new SettingsError(`${setting} names the CA file ${text}, which cannot be read.`, { cause });
  }
}
