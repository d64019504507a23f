import type { Forced } from '../database.js';

/** Whom a line of the journal is about, in every database alike. */
export function subject(of: { readonly generation: number; readonly user: string; readonly version: string }): {
  generation: number;
  user: string;
  version: string;
} {
  return { generation: of.generation, user: of.user, version: of.version };
}

/** What a line says beside that when its gate was passed by force. */
export function forcedDetail(forced: Forced | undefined): Record<string, unknown> {
  return forced === undefined ? {} : { forced: forced.reason };
}
