import { StoreError } from '../../store.js';

/** How the rotator reaches Vault or OpenBao. */
export interface VaultAccess {
  /** Such as `https://vault.internal:8200`. */
  readonly address: string;
  /** Sent as `X-Vault-Token`; a function is called for each request. */
  readonly token: string | (() => Promise<string>);
  readonly namespace?: string;
  /** Limit of one request, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
}

export interface VaultAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly errors: readonly string[];
}

/** The HTTP API, for one store. */
export class VaultApi {
  readonly #store: string;
  readonly #access: VaultAccess;

  constructor(store: string, access: VaultAccess) {
    this.#store = store;
    this.#access = access;
  }

  /** @throws StoreError when there is no answer; a status is left to the caller. */
  async ask(method: string, path: string, body?: unknown): Promise<VaultAnswer> {
    const { address, namespace, token, timeoutMs = 10_000 } = this.#access;
    const sent = typeof token === 'string' ? token : await token();
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${address.replace(/\/$/, '')}/v1/${path}`, {
        method,
        headers: {
          'X-Vault-Request': 'true',
          ...(sent === '' ? {} : { 'X-Vault-Token': sent }),
          ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await response.text();
    } catch (cause) {
      throw new StoreError(`${this.#store}: ${address} does not answer. Run it again: it goes on where it ended.`, {
        cause,
      });
    }
    const answer = parse(text) as { errors?: unknown } | undefined;
    // Vault says also what it has not in JSON; a page of something before it must not be taken for that.
    if (typeof answer !== 'object' && (text !== '' || response.status === 404)) {
      throw new StoreError(
        `${this.#store}: ${address} answers with status ${response.status} and no JSON, so something before Vault answers. Run it again: it goes on where it ended.`,
      );
    }
    const errors = Array.isArray(answer?.errors) ? answer.errors.map(String) : [];
    return { status: response.status, body: answer ?? {}, errors };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
