import { isAuthenticationError } from '@keyturn/plan';

import type { Endpoint } from '../databases/postgres/endpoint.js';
import { type KillDatabase, loginOnce } from './databases.js';
import type { Seen } from './stores.js';

/** What the probers saw. */
export interface Probed {
  readonly logins: number;
  /** Refused logins, as `user generation endpoint code`. */
  readonly refused: readonly string[];
}

/** Applications that log in every few milliseconds on every endpoint. */
export interface Prober {
  stop(): Promise<Probed>;
}

/**
 * One prober uses what the store shows at that moment. Others hold each credential that was ever shown until `holdMs` after another one
 * took its place, which is shorter than the lifetime that the plan declares.
 */
export function probe(options: {
  readonly kind: KillDatabase['kind'];
  readonly read: () => Promise<Seen | undefined>;
  readonly endpoints: readonly Endpoint[];
  readonly holdMs: number;
  readonly everyMs: number;
}): Prober {
  const refused: string[] = [];
  const supersededAt = new Map<string, number>();
  const held = new Map<string, Seen>();
  let logins = 0;
  let going = true;

  async function login(seen: Seen, endpoint: Endpoint): Promise<void> {
    try {
      await loginOnce(options.kind, endpoint, seen);
      logins += 1;
    } catch (error) {
      if (!isAuthenticationError(error)) return;
      const { code, errno } = error as { code?: unknown; errno?: unknown };
      refused.push(`${seen.user} ${seen.generation} ${endpoint.name} ${String(errno ?? code)}`);
    }
  }

  async function round(): Promise<void> {
    const now = await options.read();
    if (now !== undefined) {
      const key = `${now.user} ${now.generation}`;
      for (const other of held.keys())
        if (other !== key && !supersededAt.has(other)) supersededAt.set(other, Date.now());
      held.set(key, now);
    }
    const logging: Promise<void>[] = [];
    for (const [key, seen] of held) {
      if (Date.now() >= (supersededAt.get(key) ?? Infinity) + options.holdMs) continue;
      for (const endpoint of options.endpoints) logging.push(login(seen, endpoint));
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
      return { logins, refused };
    },
  };
}
