import type { Inner } from './inner.js';

interface Listening {
  readonly channel: string;
  readonly onNotify: (value: string) => void;
  readonly onListen: (() => void) | undefined;
}

interface Entry extends Listening {
  inner: Inner | undefined;
  unlisten: (() => Promise<void>) | undefined;
}

/** Who listens to notifications, over all rotations: each moves to the new credential before the old connection is given up. */
export class Listeners {
  readonly #entries = new Set<Entry>();

  async add(
    listening: Listening,
    current: () => Promise<Inner>,
  ): Promise<{ state: unknown; unlisten: () => Promise<void> }> {
    const entry: Entry = { ...listening, inner: undefined, unlisten: undefined };
    const state = await attach(entry, await current());
    this.#entries.add(entry);
    return {
      state,
      unlisten: async () => {
        this.#entries.delete(entry);
        await entry.unlisten?.();
      },
    };
  }

  /** Lets everybody listen with the current credential. Never rejects: who cannot move hears by the old connection until it ends. */
  async move(current: () => Promise<Inner>): Promise<void> {
    for (const entry of this.#entries) {
      const { unlisten } = entry;
      try {
        await attach(entry, await current());
        await unlisten?.();
      } catch {
        continue;
      }
    }
  }
}

async function attach(entry: Entry, inner: Inner): Promise<unknown> {
  if (entry.inner === inner) return undefined;
  // While both connections listen, only the newer one is heard.
  const { state, unlisten } = await inner.sql.listen(
    entry.channel,
    (value) => {
      if (entry.inner === inner) entry.onNotify(value);
    },
    entry.onListen,
  );
  entry.inner = inner;
  entry.unlisten = unlisten;
  return state;
}
