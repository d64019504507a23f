import { randomUUID } from 'node:crypto';

import type { Credential, VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../store.js';

/** Keeps versions for as long as the process lives. */
export class MemoryStore implements Store {
  readonly name = 'memory';
  readonly #versions = new Map<string, Credential & { stage: VersionStage; readonly token: string }>();

  async readPublished(): Promise<StoredCredential | undefined> {
    const version = this.#published();
    return version === undefined ? undefined : await this.readVersion(version);
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    const found = this.#versions.get(version);
    if (found === undefined) return undefined;
    const { user, password, generation, stage } = found;
    return await Promise.resolve({ user, password, generation, stage, version });
  }

  async writePending(credential: Credential, { token }: { readonly token: string }): Promise<string> {
    for (const [version, held] of this.#versions) if (held.token === token) return version;
    const version = randomUUID();
    const { user, password, generation } = credential;
    this.#versions.set(version, { user, password, generation, token, stage: 'pending' });
    return await Promise.resolve(version);
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    const next = this.#versions.get(version);
    if (next === undefined) throw new StoreError(`memory: there is no version ${version}, so it cannot be published.`);
    const current = this.#published();
    if (current === version) return;
    if (current !== options.expectedCurrent) throw new StoreConflictError(this.name, options.expectedCurrent, current);
    for (const held of this.#versions.values()) if (held.stage === 'current') held.stage = 'previous';
    next.stage = 'current';
    await Promise.resolve();
  }

  async discardPending(version: string): Promise<void> {
    if (this.#versions.get(version)?.stage === 'pending') this.#versions.delete(version);
    await Promise.resolve();
  }

  async versions(): Promise<readonly StoredVersion[]> {
    return await Promise.resolve([...this.#versions].map(([version, { stage }]) => ({ version, stage })));
  }

  #published(): string | undefined {
    for (const [version, { stage }] of this.#versions) if (stage === 'current') return version;
    return undefined;
  }
}
