import { createHash, randomInt } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes of the digest in the order in which crypt(3) writes them down, three at a time. */
const order = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
] as const;

/** What `mysql_native_password` stores: `*` and SHA-1 of SHA-1 in capital hexadecimal digits. It has no salt. */
export function nativeVerifier(password: string): string {
  const once = createHash('sha1').update(password, 'utf8').digest();
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
}

/**
 * What `caching_sha2_password` stores: `$A$005$`, 20 characters of salt, and SHA-256 crypt with 5,000 rounds. The salt made here is printable,
 * so that a server of any version takes the whole as an ordinary string.
 */
export function cachingSha2Verifier(password: string, salt: Buffer = printableSalt()): string {
  return `$A$005$${salt.toString('latin1')}${sha256Crypt(Buffer.from(password, 'utf8'), salt, 5_000)}`;
}

/** Whether what a server stores for `caching_sha2_password` belongs to this password. */
export function isCachingSha2Of(password: string, stored: Buffer): boolean {
  if (stored.length !== 70 || stored.subarray(0, 7).toString('latin1') !== '$A$005$') return false;
  return Buffer.from(cachingSha2Verifier(password, stored.subarray(7, 27)), 'latin1').equals(stored);
}

function printableSalt(): Buffer {
  return Buffer.from(Array.from({ length: 20 }, () => alphabet.charAt(randomInt(alphabet.length))).join(''), 'latin1');
}

/** Ulrich Drepper's "Unix crypt using SHA-256", with as long a salt as is given. */
function sha256Crypt(password: Buffer, salt: Buffer, rounds: number): string {
  const alternate = sha256(password, salt, password);
  const first = createHash('sha256').update(password).update(salt).update(repeat(alternate, password.length));
  for (let bits = password.length; bits > 0; bits >>= 1) first.update((bits & 1) === 1 ? alternate : password);
  let digest = first.digest();
  const p = repeat(sha256(...Array.from({ length: password.length }, () => password)), password.length);
  const s = repeat(sha256(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round += 1) {
    const hash = createHash('sha256').update(round % 2 === 1 ? p : digest);
    if (round % 3 !== 0) hash.update(s);
    if (round % 7 !== 0) hash.update(p);
    digest = hash.update(round % 2 === 1 ? digest : p).digest();
  }
  const byte = (index: number): number => digest[index] ?? 0;
  const groups = order.map(([a, b, c]) => letters((byte(a) << 16) | (byte(b) << 8) | byte(c), 4));
  return groups.join('') + letters((byte(31) << 8) | byte(30), 3);
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function repeat(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block);
}

function letters(value: number, count: number): string {
  return Array.from({ length: count }, (_, index) => alphabet.charAt((value >> (6 * index)) & 63)).join('');
}
