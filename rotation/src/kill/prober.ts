import { isAuthenticationError } from '@keyturn/plan';

import type { Endpoint } from '../databases/postgres/endpoint.js';
import { type KillDatabase, loginOnce } from './databases.js';
import type { Seen } from './stores.js';

/** What the probers saw. */
export interface Probed {
  readonly logins: number;
  /** Logins that were refused while they had to work, as `user generation endpoint code`. */
  readonly refused: readonly string[];
  /** Refused logins whose answer came after the lifetime of the credential, on a machine that was too busy: they prove nothing. */
  readonly late: number;
}

/** Applications that log in every few milliseconds on every endpoint. */
export interface Prober {
  stop(): Promise<Probed>;
}

/**
 * One prober uses what the store shows at that moment. Others hold each credential that was ever shown until `holdMs` after it was last seen
 * there, which is shorter than `lifetimeMs`, for which the plan lets it be held after another one took its place.
 */
export function probe(options: {
  readonly kind: KillDatabase['kind'];
  readonly read: () => Promise<Seen | undefined>;
  readonly endpoints: readonly Endpoint[];
  readonly holdMs: number;
  readonly lifetimeMs: number;
  readonly everyMs: number;
}): Prober {
  const refusals: { readonly key: string; readonly at: number; readonly what: string }[] = [];
  /** When the last look began that still showed it: it was superseded later than that. */
  const lastSeen = new Map<string, number>();
  const held = new Map<string, Seen>();
  let logins = 0;
  let going = true;

  async function login(key: string, seen: Seen, endpoint: Endpoint): Promise<void> {
    try {
      await loginOnce(options.kind, endpoint, seen);
      logins += 1;
    } catch (error) {
      if (!isAuthenticationError(error)) return;
      const { code, errno } = error as { code?: unknown; errno?: unknown };
      const what = `${seen.user} ${seen.generation} ${endpoint.name} ${String(errno ?? code)}`;
      refusals.push({ key, at: Date.now(), what });
    }
  }

  async function look(): Promise<string | undefined> {
    const began = Date.now();
    const now = await options.read();
    if (now === undefined) return undefined;
    const key = `${now.user} ${now.generation}`;
    held.set(key, now);
    lastSeen.set(key, began);
    return key;
  }

  async function round(): Promise<void> {
    const current = await look();
    const logging: Promise<void>[] = [];
    for (const [key, seen] of held) {
      if (key !== current && Date.now() >= (lastSeen.get(key) ?? 0) + options.holdMs) continue;
      for (const endpoint of options.endpoints) logging.push(login(key, seen, endpoint));
    }
    await Promise.all(logging);
  }

  const running = (async () => {
    while (going) {
      await round();
      await new Promise((resolve) => setTimeout(resolve, options.everyMs));
    }
  })();
  return {
    stop: async () => {
      going = false;
      await running;
      await look();
      const proved = refusals.filter(({ key, at }) => at < (lastSeen.get(key) ?? 0) + options.lifetimeMs);
      return { logins, refused: proved.map(({ what }) => what), late: refusals.length - proved.length };
    },
  };
}
