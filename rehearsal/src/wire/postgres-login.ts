import { refusalCode } from '../refusal-code.js';
import type { Proof } from './password-proof.js';
import { type Side, WireLogin } from './wire-login.js';

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;

/** Reads a login from the bytes of both sides, in the PostgreSQL protocol 3.0, until it is over. It changes no byte. */
export class PostgresLogin extends WireLogin {
  #asked: 'ssl' | 'gss' | undefined;
  #method: Proof['method'] | undefined;
  #salt = Buffer.alloc(0);
  #clientFirstBare = '';
  #serverFirst = '';

  protected override readClient(): void {
    while (!this.over && this.user === undefined) {
      const head = this.kept('client');
      const opening = head.length < 8 ? undefined : this.take('client', Math.max(8, head.readUInt32BE(0)));
      if (!opening) return;
      this.#opening(opening.readUInt32BE(4), opening.subarray(8));
    }
    for (let message = this.#next('client'); message && !this.over; message = this.#next('client')) {
      if (message.type === 'p') this.#answered(message.body);
    }
  }

  protected override readServer(): void {
    if (this.#asked !== undefined) {
      const answer = this.take('server', 1)?.toString('latin1');
      this.#asked = undefined;
      if (answer === 'S' || answer === 'G') return this.end(undefined);
    }
    for (let message = this.#next('server'); message && !this.over; message = this.#next('server')) {
      if (message.type === 'R') this.#challenged(message.body);
      else if (message.type === 'E') this.finish(codeIn(message.body));
      // The proof may be right and the login refused all the same: a user that was switched off hears of it after AuthenticationOk.
      else if (message.type === 'Z') this.finish(undefined);
    }
  }

  #opening(code: number, body: Buffer): void {
    if (code === sslRequest) this.#asked = 'ssl';
    else if (code === gssRequest) this.#asked = 'gss';
    else if (code === cancelRequest) this.end(undefined);
    else {
      const fields = body.toString('utf8').split('\0');
      const at = fields.findIndex((name, index) => index % 2 === 0 && name === 'user');
      this.user = fields[at + 1] ?? '';
    }
  }

  #challenged(body: Buffer): void {
    const kind = body.readUInt32BE(0);
    const rest = body.subarray(4);
    if (kind === 3) this.#method = 'password';
    else if (kind === 5) {
      this.#method = 'md5';
      this.#salt = Buffer.from(rest);
    } else if (kind === 10) this.#method = 'scram';
    else if (kind === 11) this.#serverFirst = rest.toString('utf8');
  }

  #answered(body: Buffer): void {
    const text = body.toString('utf8');
    if (this.#method === 'password') this.proof = { method: 'password', password: text.replace(/\0$/, '') };
    else if (this.#method === 'md5') {
      this.proof = { method: 'md5', answer: text.replace(/\0$/, ''), salt: this.#salt, user: this.user ?? '' };
    } else if (this.#method === 'scram') {
      if (this.#serverFirst === '') this.#clientFirstBare = bareOf(body);
      else {
        const { clientFirstBare, serverFirst } = {
          clientFirstBare: this.#clientFirstBare,
          serverFirst: this.#serverFirst,
        };
        this.proof = { method: 'scram', clientFirstBare, serverFirst, clientFinal: text };
      }
    }
  }

  #next(side: Side): { readonly type: string; readonly body: Buffer } | undefined {
    const head = this.kept(side);
    const message = head.length < 5 ? undefined : this.take(side, 1 + head.readUInt32BE(1));
    return message && { type: String.fromCharCode(message[0] ?? 0), body: message.subarray(5) };
  }
}

/** SASLInitialResponse: the mechanism, a length, and `n,,n=,r=…` or `p=tls-server-end-point,,n=,r=…`. */
function bareOf(body: Buffer): string {
  const after = body.indexOf(0) + 5;
  return body.subarray(after).toString('utf8').split(',').slice(2).join(',');
}

/** The SQLSTATE of an ErrorResponse. */
function codeIn(body: Buffer): string {
  const fields = body.toString('utf8').split('\0');
  const valueOf = (type: string): string | undefined => fields.find((field) => field.startsWith(type))?.slice(1);
  const code = valueOf('C');
  return code === undefined ? 'no code' : refusalCode(code, valueOf('M') ?? '');
}
