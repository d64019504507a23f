import type { LoginReader, SeenLogin } from './login-reader.js';
import type { Proof } from './password-proof.js';

export type Side = 'client' | 'server';

/** What the protocols have in common: bytes are kept until a packet is whole, and the end is told once. */
export abstract class WireLogin implements LoginReader {
  protected over = false;
  protected user: string | undefined;
  protected proof: Proof | undefined;
  readonly #onEnd: (seen: SeenLogin | undefined) => void;
  readonly #kept: Record<Side, Buffer> = { client: Buffer.alloc(0), server: Buffer.alloc(0) };

  /** @param onEnd called once; with nothing when it was no login, or is encrypted */
  constructor(onEnd: (seen: SeenLogin | undefined) => void) {
    this.#onEnd = onEnd;
  }

  fromClient(chunk: Buffer): void {
    this.#add('client', chunk, () => this.readClient());
  }

  fromServer(chunk: Buffer): void {
    this.#add('server', chunk, () => this.readServer());
  }

  protected abstract readClient(): void;
  protected abstract readServer(): void;

  /** The bytes of a side that are not taken yet. */
  protected kept(side: Side): Buffer {
    return this.#kept[side];
  }

  /** Takes that many bytes of a side; nothing while there are fewer. */
  protected take(side: Side, length: number): Buffer | undefined {
    const buffer = this.#kept[side];
    if (buffer.length < length) return undefined;
    this.#kept[side] = buffer.subarray(length);
    return buffer.subarray(0, length);
  }

  protected finish(refused: string | undefined): void {
    this.end({
      user: this.user ?? '',
      ...(this.proof ? { proof: this.proof } : {}),
      ...(refused === undefined ? {} : { refused }),
    });
  }

  protected end(seen: SeenLogin | undefined): void {
    this.over = true;
    this.#kept.client = this.#kept.server = Buffer.alloc(0);
    this.#onEnd(seen);
  }

  #add(side: Side, chunk: Buffer, read: () => void): void {
    if (this.over) return;
    this.#kept[side] = Buffer.concat([this.#kept[side], chunk]);
    read();
  }
}
