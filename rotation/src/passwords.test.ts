import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';

import fc from 'fast-check';
import { parse } from 'yaml';
import { expect, it } from 'vitest';

import { newPassword, passwordLength, PasswordLengthError } from './passwords.js';

const password = fc
  .integer({ min: passwordLength.shortest, max: passwordLength.longest })
  .map((length) => newPassword(length));

it('means itself in a URL, a DSN, YAML and .env, quoted or not', () => {
  fc.assert(
    fc.property(password, (text) => {
      expect(new URL(`postgres://user:${text}@host/db?password=${text}`).password).toBe(text);
      expect(new URL(`postgres://host/db?password=${text}`).searchParams.get('password')).toBe(text);
      expect(encodeURIComponent(text)).toBe(text);
      expect(parse(`password: ${text}`)).toEqual({ password: text });
      for (const line of [`P=${text}`, `P="${text}"`, `P='${text}'`]) expect(parseEnv(line)).toEqual({ P: text });
      expect(text).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
    }),
  );
});

it('means itself in a shell, with and without quotes', () => {
  const texts = Array.from({ length: 50 }, () => newPassword());
  const script = texts.map((text) => `echo ${text}; echo "${text}"; echo '${text}'`).join('\n');
  const expected = texts.flatMap((text) => [text, text, text]);
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n')).toEqual(expected);
});

it.each([16, 32, 128])('has %i characters when asked for', (length) => {
  expect(newPassword(length)).toHaveLength(length);
});

it.each([15, 129, 20.5, Number.NaN])('refuses a length of %d', (length) => {
  expect(() => newPassword(length)).toThrow(
    new PasswordLengthError(`A password can have 16 to 128 characters, got ${length}. Use 32.`),
  );
});

it('uses the whole alphabet about equally', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 500; i += 1) {
    for (const character of newPassword(128).slice(1)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  expect(counts.size).toBe(62);
  const mean = (500 * 127) / 62;
  for (const count of counts.values()) expect(Math.abs(count - mean)).toBeLessThan(mean * 0.25);
});
