import { createHash } from 'node:crypto';

import type { Proof } from './password-proof.js';
import { type Side, WireLogin } from './wire-login.js';

/** Capabilities in a client's answer that say how the rest of it is laid out. */
const withSsl = 1 << 11;
const withShortAnswer = 1 << 15;
const withDatabase = 1 << 3;
const withPlugin = 1 << 19;
const withLongAnswer = 1 << 21;

const ok = 0x00;
const switchPlugin = 0xfe;
const refusal = 0xff;

/** User name and proof stand after capabilities, packet size, character set and 23 reserved bytes. */
const fixedPart = 32;

/** Reads a login from the bytes of both sides, in the protocol of MySQL and MariaDB, until it is over. It changes no byte. */
export class MysqlLogin extends WireLogin {
  #greeted = false;
  #plugin = '';
  #nonce = Buffer.alloc(0);
  /** Whether the next packet of the client answers the nonce. What follows when the server wants more is encrypted, or the password. */
  #awaited = false;

  protected override readClient(): void {
    for (let body = this.#next('client'); body && !this.over; body = this.#next('client')) {
      if (this.user === undefined) this.#opened(body);
      else if (this.#awaited) this.#answered(body);
    }
  }

  protected override readServer(): void {
    for (let body = this.#next('server'); body && !this.over; body = this.#next('server')) {
      if (body[0] === refusal) this.finish(body.length < 3 ? 'no code' : String(body.readUInt16LE(1)));
      else if (!this.#greeted) this.#greet(body);
      else if (body[0] === ok) this.finish(undefined);
      else if (body[0] === switchPlugin) this.#switched(body.subarray(1));
    }
  }

  /** The first packet of the server: its version, a nonce in two parts, and the plugin that most of its users have. */
  #greet(body: Buffer): void {
    this.#greeted = true;
    const version = body.indexOf(0, 1);
    const first = body.subarray(version + 5, version + 13);
    const second = body.subarray(version + 32, version + 44);
    this.#nonce = Buffer.concat([first, second]);
    this.#plugin = textAt(body, version + 45).text;
  }

  #switched(body: Buffer): void {
    const { text, next } = textAt(body, 0);
    this.#plugin = text === '' ? 'mysql_old_password' : text;
    this.#nonce = Buffer.from(body.subarray(next, next + 20));

    this.#awaited = true;
    this.proof = undefined;
  }

  #opened(body: Buffer): void {
    const capabilities = body.length < 4 ? 0 : body.readUInt32LE(0);
    if ((capabilities & withSsl) !== 0 || body.length <= fixedPart) return this.end(undefined);
    const user = textAt(body, fixedPart);
    this.user = user.text;
    const answer = answerAt(body, user.next, capabilities);
    const database = (capabilities & withDatabase) === 0 ? answer.next : textAt(body, answer.next).next;
    if ((capabilities & withPlugin) !== 0) this.#plugin = textAt(body, database).text || this.#plugin;
    this.#answered(answer.bytes);
  }

  #answered(bytes: Buffer): void {
    this.#awaited = false;
    this.proof = proofOf(this.#plugin, this.#nonce, Buffer.from(bytes));
  }

  /** The body of the next whole packet: three bytes of length, one of sequence, the body. */
  #next(side: Side): Buffer | undefined {
    const head = this.kept(side);
    return head.length < 4 ? undefined : this.take(side, 4 + head.readUIntLE(0, 3))?.subarray(4);
  }
}

function proofOf(method: string, nonce: Buffer, answer: Buffer): Proof | undefined {
  if (answer.length === 0) return { method: 'digest', digest: sha256('') };
  if (method === 'mysql_native_password' || method === 'caching_sha2_password') return { method, nonce, answer };
  if (method !== 'mysql_clear_password') return undefined;
  return { method: 'digest', digest: sha256(answer.subarray(0, answer.indexOf(0) === -1 ? undefined : -1)) };
}

function sha256(password: string | Buffer): Buffer {
  return createHash('sha256').update(password).digest();
}

/** Text up to a zero byte, and where the next field begins. */
function textAt(body: Buffer, from: number): { readonly text: string; readonly next: number } {
  const end = body.indexOf(0, from);
  const until = end === -1 ? body.length : end;
  return { text: body.subarray(from, until).toString('utf8'), next: until + 1 };
}

function answerAt(body: Buffer, from: number, capabilities: number): { readonly bytes: Buffer; readonly next: number } {
  if ((capabilities & (withLongAnswer | withShortAnswer)) === 0) {
    const { next } = textAt(body, from);
    return { bytes: body.subarray(from, next - 1), next };
  }
  const lead = body[from] ?? 0;
  const isLong = (capabilities & withLongAnswer) !== 0 && lead === 0xfc;
  const start = from + (isLong ? 3 : 1);
  const next = start + (isLong ? body.readUInt16LE(from + 1) : lead);
  return { bytes: body.subarray(start, next), next };
}
