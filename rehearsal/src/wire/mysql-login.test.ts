import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import type { SeenLogin } from './login-reader.js';
import { MysqlLogin } from './mysql-login.js';
import { ProofReader } from './password-proof.js';

const nonce = Buffer.from('abcdefghijklmnopqrst');
const other = Buffer.from('ABCDEFGHIJKLMNOPQRST');
const plainFlags = (1 << 15) | (1 << 19);

function packet(sequence: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, body]);
}

function greeting(plugin: string): Buffer {
  const between = Buffer.alloc(1 + 2 + 1 + 2 + 2 + 1 + 10);
  const ahead = Buffer.concat([Buffer.from('\n8.0.15\0'), Buffer.alloc(4)]);
  return packet(0, ahead, nonce.subarray(0, 8), between, nonce.subarray(8), Buffer.from(`\0${plugin}\0`));
}

function opening(flags: number, ...rest: readonly Buffer[]): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(flags, 0);
  return packet(1, fixed, ...rest);
}

function answered(user: string, answer: Buffer, plugin: string, flags = plainFlags): Buffer {
  return opening(
    flags,
    Buffer.from(`${user}\0`),
    Buffer.from([answer.length]),
    answer,
    ...((flags & (1 << 3)) === 0 ? [] : [Buffer.from('shop\0')]),
    Buffer.from(`${plugin}\0`),
  );
}

function switched(plugin: string): Buffer {
  return packet(2, Buffer.from([0xfe]), Buffer.from(`${plugin}\0`), other, Buffer.alloc(1));
}

const accepted = packet(4, Buffer.from([0, 0, 0, 2, 0, 0, 0]));

function refused(number: number): Buffer {
  const code = Buffer.alloc(2);
  code.writeUInt16LE(number);
  return packet(4, Buffer.from([0xff]), code, Buffer.from('#28000Access denied'));
}

const hash = (algorithm: string, ...parts: readonly (Buffer | string)[]): Buffer =>
  parts.reduce((sum, part) => sum.update(part), createHash(algorithm)).digest();
const xor = (one: Buffer, two: Buffer): Buffer => Buffer.from(one.map((byte, at) => byte ^ (two[at] ?? 0)));
const sha2 = (password: string, salt: Buffer): Buffer =>
  xor(hash('sha256', password), hash('sha256', hash('sha256', hash('sha256', password)), salt));
const native = (password: string, salt: Buffer): Buffer =>
  xor(hash('sha1', password), hash('sha1', salt, hash('sha1', hash('sha1', password))));

type Turn = readonly ['client' | 'server', Buffer];

/** What is seen when both sides send their bytes one by one. */
function seenOf(...turns: readonly Turn[]): readonly (SeenLogin | undefined)[] {
  const seen: (SeenLogin | undefined)[] = [];
  const login = new MysqlLogin((one) => seen.push(one));
  for (const [side, bytes] of turns) {
    for (const byte of bytes) {
      if (side === 'client') login.fromClient(Buffer.from([byte]));
      else login.fromServer(Buffer.from([byte]));
    }
  }
  return seen;
}

function passwordIn(seen: SeenLogin | undefined): string | undefined {
  return seen?.proof && new ProofReader().passwordOf(seen.proof, ['wrong', 'pencil', 'other']);
}

describe('a login in the protocol of MySQL', () => {
  it.each<readonly [string, readonly Turn[]]>([
    [
      'that the server knows from before',
      [
        ['client', answered('one', sha2('pencil', nonce), 'caching_sha2_password')],
        ['server', packet(2, Buffer.from([1, 3]))],
      ],
    ],
    [
      'whose password the server wants in full, encrypted',
      [
        ['client', answered('one', sha2('pencil', nonce), 'caching_sha2_password')],
        ['server', packet(2, Buffer.from([1, 4]))],
        ['client', packet(3, Buffer.from([2]))],
        ['server', packet(4, Buffer.from('\u0001-----BEGIN PUBLIC KEY-----'))],
        ['client', packet(5, Buffer.alloc(256, 7))],
      ],
    ],
    [
      'with a database and the older plugin',
      [['client', answered('one', native('pencil', nonce), 'mysql_native_password', plainFlags | (1 << 3))]],
    ],
    [
      'that the server switches to another plugin',
      [
        ['client', answered('one', sha2('pencil', nonce), 'caching_sha2_password')],
        ['server', switched('mysql_native_password')],
        ['client', packet(3, native('pencil', other))],
      ],
    ],
    [
      'that sends its password as it is',
      [
        ['client', answered('one', Buffer.alloc(0), 'mysql_clear_password')],
        ['server', switched('mysql_clear_password')],
        ['client', packet(3, Buffer.from('pencil\0'))],
      ],
    ],
  ])('%s shows user and password', (_, turns) => {
    const [seen, ...more] = seenOf(['server', greeting('caching_sha2_password')], ...turns, ['server', accepted]);
    expect(more).toEqual([]);
    expect(seen?.user).toBe('one');
    expect(seen).not.toHaveProperty('refused');
    expect(passwordIn(seen)).toBe('pencil');
    const kept = JSON.stringify(seen, (_key, value: unknown) =>
      Buffer.isBuffer(value) ? value.toString('latin1') : value,
    );
    expect(kept).not.toContain('pencil');
  });

  it.each([1045, 3118, 4151])('that is refused with %i is told with it', (number) => {
    const turn = answered('one', native('pencil', nonce), 'mysql_native_password');
    const [seen] = seenOf(['server', greeting('mysql_native_password')], ['client', turn], ['server', refused(number)]);
    expect(seen).toMatchObject({ user: 'one', refused: String(number) });
    expect(passwordIn(seen)).toBe('pencil');
  });

  it('that meets a full server has no user', () => {
    expect(seenOf(['server', refused(1040)])).toEqual([{ user: '', refused: '1040' }]);
  });

  it('that is encrypted is not told', () => {
    const turns: Turn[] = [
      ['server', greeting('caching_sha2_password')],
      ['client', opening(plainFlags | (1 << 11))],
      ['client', Buffer.alloc(300, 22)],
    ];
    expect(seenOf(...turns)).toEqual([undefined]);
  });

  it('with a plugin that proves nothing we can check shows the user alone', () => {
    const turn = answered('one', Buffer.alloc(64, 1), 'client_ed25519');
    expect(seenOf(['server', greeting('x')], ['client', turn], ['server', accepted])).toEqual([{ user: 'one' }]);
  });

  it('without a password uses none that was issued', () => {
    const turn = answered('one', Buffer.alloc(0), 'caching_sha2_password');
    const [seen] = seenOf(['server', greeting('x')], ['client', turn], ['server', refused(1045)]);
    expect(seen?.proof).toBeDefined();
    expect(passwordIn(seen)).toBeUndefined();
  });
});
