import type { Credential } from '@keyturn/plan';

import { within } from '../within.js';
import { tokenOf, type VaultAccess, VaultRefused, vaultRequest } from './vault-request.js';

/** What happened to a lease, or to the token above it. Times are seconds. */
export type LeaseEvent =
  | {
      readonly kind: 'issued' | 'renewed';
      readonly user: string;
      readonly generation: number;
      readonly seconds: number;
    }
  | { readonly kind: 'revoked'; readonly user: string; readonly generation: number }
  | { readonly kind: 'token-renewed' | 'token-replaced'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly what: 'lease' | 'token'; readonly error: Error };

/** A user that Vault made, and until when. */
interface Lease {
  readonly id: string;
  readonly credential: Credential;
  /** How long it was given for at first, in milliseconds. */
  readonly fullMillis: number;
  readonly token: string;
  expiresAt: number;
}

interface LeaseAnswer {
  readonly lease_id?: string;
  readonly lease_duration?: number;
  readonly data?: { readonly username?: string; readonly password?: string } | null;
}

/** Renewed at this share of what is left, minus up to a tenth of it. */
const share = 2 / 3;
/** A renewal that gives less than this share of the first time has met `max_ttl`. */
const truncatedShare = 0.9;
const shortestRetryMillis = 500;
const longestRetryMillis = 10_000;
const requestMillis = 10_000;

/** Keeps one lease alive, and takes a new one in time. */
export class LeaseKeeper {
  #lease: Lease | undefined;
  #asking: Promise<Lease> | undefined;
  readonly #earlier: Lease[] = [];
  #generation = 0;
  #token: string | undefined;
  #leaseTimer: NodeJS.Timeout | undefined;
  #tokenTimer: NodeJS.Timeout | undefined;
  #onChange: (() => void) | undefined;
  #retries = 0;
  readonly #access: VaultAccess;
  readonly #path: string;
  readonly #tell: (event: LeaseEvent) => void;

  constructor(access: VaultAccess, path: string, tell: (event: LeaseEvent) => void) {
    this.#access = access;
    this.#path = path;
    this.#tell = tell;
  }

  /** The lease before the current one, while its user still exists. */
  get previous(): Lease | undefined {
    return this.#earlier.findLast(({ expiresAt }) => expiresAt > Date.now());
  }

  /** The lease that is held, when Vault still knows it; else a new one. */
  async current(signal?: AbortSignal): Promise<Lease> {
    const lease = this.#lease;
    if (!lease || lease.expiresAt <= Date.now()) return await this.#issue(signal);
    try {
      await this.#ask('sys/leases/lookup', { lease_id: lease.id }, lease.token, signal);
      return lease;
    } catch (error) {
      // Vault says no to a lease that was revoked, or to a token that is dead, and its leases with it.
      if (error instanceof VaultRefused && [400, 403, 404].includes(error.status)) return await this.#issue(signal);
      return lease;
    }
  }

  /** Renews from now on; returns how to stop. */
  keep(onChange: () => void): () => void {
    this.#onChange = onChange;
    if (this.#lease) this.#schedule(this.#lease);
    return () => {
      this.#onChange = undefined;
      clearTimeout(this.#leaseTimer);
      clearTimeout(this.#tokenTimer);
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#leaseTimer);
    clearTimeout(this.#tokenTimer);
    this.#onChange = undefined;
    const leases = [...this.#earlier.splice(0), ...(this.#lease ? [this.#lease] : [])];
    this.#lease = undefined;
    for (const { id, credential, token, expiresAt } of leases) {
      if (expiresAt <= Date.now()) continue;
      const { user, generation } = credential;
      await this.#ask('sys/leases/revoke', { lease_id: id, sync: true }, this.#token ?? token).then(
        () => this.#tell({ kind: 'revoked', user, generation }),
        (error: Error) => this.#tell({ kind: 'failed', what: 'lease', error }),
      );
    }
  }

  /** Asks for a new user; once for all who ask at the same time. */
  async #issue(signal?: AbortSignal): Promise<Lease> {
    return await (this.#asking ??= this.#issueOne(signal).finally(() => (this.#asking = undefined)));
  }

  async #issueOne(signal: AbortSignal | undefined): Promise<Lease> {
    const token = (this.#token ??= await tokenOf(this.#access));
    let answer: LeaseAnswer;
    try {
      answer = (await this.#ask(this.#path, undefined, token, signal)) as LeaseAnswer;
    } catch (error) {
      // The next one asks the application for a token.
      if (error instanceof VaultRefused && error.status === 403) this.#token = undefined;
      throw error;
    }
    const { lease_id: id = '', lease_duration: seconds = 0, data } = answer;
    this.#generation += 1;
    const credential = { user: data?.username ?? '', password: data?.password ?? '', generation: this.#generation };
    const before = this.#lease;
    if (before) this.#earlier.push(before);
    while ((this.#earlier[0]?.expiresAt ?? Infinity) <= Date.now()) this.#earlier.shift();
    const lease = { id, credential, fullMillis: seconds * 1_000, token, expiresAt: Date.now() + seconds * 1_000 };
    this.#lease = lease;
    this.#tell({ kind: 'issued', user: credential.user, generation: credential.generation, seconds });
    if (before?.token !== token) void this.#watchToken(token);
    if (this.#onChange) this.#schedule(lease);
    return lease;
  }

  #schedule(lease: Lease): void {
    clearTimeout(this.#leaseTimer);
    if (lease.fullMillis === 0) return;
    const left = Math.max(0, lease.expiresAt - Date.now());
    this.#leaseTimer = setTimeout(() => void this.#renew(lease), left * share * (1 - Math.random() / 10)).unref();
  }

  async #renew(lease: Lease): Promise<void> {
    try {
      const increment = Math.round(lease.fullMillis / 1_000);
      const answer = (await this.#ask(
        'sys/leases/renew',
        { lease_id: lease.id, increment },
        lease.token,
      )) as LeaseAnswer;
      const { lease_duration: seconds = 0 } = answer;
      lease.expiresAt = Date.now() + seconds * 1_000;
      this.#retries = 0;
      const { user, generation } = lease.credential;
      this.#tell({ kind: 'renewed', user, generation, seconds });
      if (seconds * 1_000 < lease.fullMillis * truncatedShare) return await this.#replace();
      this.#schedule(lease);
    } catch (error) {
      this.#tell({ kind: 'failed', what: 'lease', error: error as Error });
      if (error instanceof VaultRefused && error.status < 500) return await this.#replace();
      this.#retryLater(() => this.#renew(lease));
    }
  }

  /** Takes a new user while the old one still works, and lets the pools move over. */
  async #replace(): Promise<void> {
    try {
      await this.#issue();
      this.#retries = 0;
      this.#onChange?.();
    } catch (error) {
      this.#tell({ kind: 'failed', what: 'lease', error: error as Error });
      this.#retryLater(() => this.#replace());
    }
  }

  #retryLater(run: () => Promise<void>): void {
    if (!this.#onChange) return;
    const pause = Math.min(longestRetryMillis, shortestRetryMillis * 2 ** this.#retries++);
    clearTimeout(this.#leaseTimer);
    this.#leaseTimer = setTimeout(() => void run(), pause * (0.5 + Math.random() / 2)).unref();
  }

  /** A lease dies with its token: the token is renewed, or replaced and the lease with it. */
  async #watchToken(token: string): Promise<void> {
    try {
      const { data } = (await this.#ask('auth/token/lookup-self', undefined, token)) as {
        data?: { ttl?: number; renewable?: boolean; creation_ttl?: number };
      };
      const { ttl = 0, renewable = false, creation_ttl: full = ttl } = data ?? {};
      if (ttl > 0) this.#scheduleToken(token, ttl, full, renewable);
    } catch (error) {
      this.#tell({ kind: 'failed', what: 'token', error: error as Error });
    }
  }

  #scheduleToken(token: string, seconds: number, full: number, renewable: boolean): void {
    clearTimeout(this.#tokenTimer);
    const wait = seconds * 1_000 * share * (1 - Math.random() / 10);
    this.#tokenTimer = setTimeout(
      () => void (renewable ? this.#renewToken(token, full) : this.#replaceToken(token)),
      wait,
    ).unref();
  }

  async #renewToken(token: string, full: number): Promise<void> {
    try {
      const { auth } = (await this.#ask('auth/token/renew-self', { increment: full }, token)) as {
        auth?: { lease_duration?: number; renewable?: boolean };
      };
      const seconds = auth?.lease_duration ?? 0;
      this.#tell({ kind: 'token-renewed', seconds });
      if (seconds < full * truncatedShare) return await this.#replaceToken(token);
      this.#scheduleToken(token, seconds, full, auth?.renewable ?? false);
    } catch (error) {
      this.#tell({ kind: 'failed', what: 'token', error: error as Error });
      if (error instanceof VaultRefused && error.status < 500) return await this.#replaceToken(token);
      this.#scheduleToken(token, 3, full, true);
    }
  }

  async #replaceToken(token: string): Promise<void> {
    try {
      const next = await tokenOf(this.#access);
      if (next === token)
        throw new Error('The token ends, and `token` gives no other one; let it be a function that logs in again.');
      this.#token = next;
      this.#tell({ kind: 'token-replaced', seconds: 0 });
      await this.#replace();
    } catch (error) {
      this.#tell({ kind: 'failed', what: 'token', error: error as Error });
      this.#scheduleToken(token, 3, 3, false);
    }
  }

  async #ask(path: string, body: object | undefined, token: string, signal?: AbortSignal): Promise<unknown> {
    const request = {
      path,
      token,
      ...(body ? { body } : {}),
      name: `Vault ${this.#path}`,
      hints: { 400: ' Check role and mount.', 403: ' Check the token, and that its policy allows it.' },
    };
    return await within(requestMillis, signal, async (left) => {
      return await vaultRequest(this.#access, { ...request, signal: left });
    });
  }
}
