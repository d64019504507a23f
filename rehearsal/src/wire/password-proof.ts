import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

/** What a client proved to a database: the password itself, or a proof that depends on it. */
export type Proof =
  | { readonly method: 'password'; readonly password: string }
  | { readonly method: 'md5'; readonly answer: string; readonly salt: Buffer; readonly user: string }
  | {
      readonly method: 'scram';
      readonly clientFirstBare: string;
      readonly serverFirst: string;
      readonly clientFinal: string;
    }
  | {
      readonly method: 'mysql_native_password' | 'caching_sha2_password';
      readonly nonce: Buffer;
      readonly answer: Buffer;
    }
  | { readonly method: 'digest'; readonly digest: Buffer };

/** Tells which one of some passwords a client used, without ever seeing it. */
export class ProofReader {
  readonly #salted = new Map<string, Buffer>();

  /** `undefined` when it was none of them. */
  passwordOf(proof: Proof, passwords: Iterable<string>): string | undefined {
    for (const password of passwords) if (this.#matches(proof, password)) return password;
    return undefined;
  }

  #matches(proof: Proof, password: string): boolean {
    switch (proof.method) {
      case 'password':
        return proof.password === password;
      case 'md5': {
        const inner = createHash('md5').update(password).update(proof.user).digest('hex');
        const outer = createHash('md5').update(inner).update(proof.salt).digest('hex');
        return proof.answer === `md5${outer}`;
      }
      case 'scram':
        return this.#scramMatches(proof, password);
      case 'mysql_native_password': {
        const once = digestOf('sha1', password);
        const mask = digestOf('sha1', proof.nonce, digestOf('sha1', once));
        return equal(xor(once, mask), proof.answer);
      }
      case 'caching_sha2_password': {
        const once = digestOf('sha256', password);
        const mask = digestOf('sha256', digestOf('sha256', once), proof.nonce);
        return equal(xor(once, mask), proof.answer);
      }
      case 'digest':
        return equal(digestOf('sha256', password), proof.digest);
    }
  }

  /** RFC 5802, section 3: ClientProof = ClientKey XOR HMAC(H(ClientKey), AuthMessage). */
  #scramMatches(proof: Extract<Proof, { method: 'scram' }>, password: string): boolean {
    const { clientFirstBare, serverFirst, clientFinal } = proof;
    const salt = attributeOf(serverFirst, 's');
    const iterations = Number(attributeOf(serverFirst, 'i'));
    const given = Buffer.from(attributeOf(clientFinal, 'p') ?? '', 'base64');
    if (salt === undefined || !(iterations > 0)) return false;
    const withoutProof = clientFinal.slice(0, clientFinal.lastIndexOf(',p='));
    const clientKey = hmac(this.#saltedPassword(password, salt, iterations), 'Client Key');
    const storedKey = digestOf('sha256', clientKey);
    const signature = hmac(storedKey, `${clientFirstBare},${serverFirst},${withoutProof}`);
    return equal(xor(clientKey, signature), given);
  }

  #saltedPassword(password: string, salt: string, iterations: number): Buffer {
    const key = `${salt}\0${iterations}\0${password}`;
    const known = this.#salted.get(key);
    if (known) return known;
    const made = pbkdf2Sync(password.normalize('NFKC'), Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
    this.#salted.set(key, made);
    return made;
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function digestOf(algorithm: 'sha1' | 'sha256', ...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)));
}

function equal(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function attributeOf(message: string, name: string): string | undefined {
  return message
    .split(',')
    .find((each) => each.startsWith(`${name}=`))
    ?.slice(2);
}
