import { describe, expect, it } from 'vitest';
import type { Source } from '../origin.js';
import { mayNameCredential, mentionsCredential } from './mentions.js';

const of = (text: string) => {
  const source = { ast: {}, text } as unknown as Source;
  return { isTold: mentionsCredential(source), isNamed: mayNameCredential(source) };
};

describe('a word for a credential', () => {
  it.each([
    ['const dbPassword = 1;'],
    ['API_KEY'],
    ['apiKey'],
    ['keys: ['],
    ['{ pw }'],
    [`${'x '.repeat(5_000)}sessionToken`],
    ['Authorization'],
    ['SMTP_PASS'],
  ])('is named in %.40s', (text) => {
    expect(of(text)).toEqual({ isTold: true, isNamed: true });
  });

  it.each([['getCredentials()'], ['IDENTIFIED BY'], ['authentication_string']])('is told in %s', (text) => {
    expect(of(text)).toEqual({ isTold: true, isNamed: false });
  });

  it.each([
    ['translationKey'],
    ['FOREIGN KEY'],
    ['tests that passed'],
    ['keyboard'],
    ['groups.slice(1)'],
    ['author'],
    [''],
  ])('is not in %s', (text) => {
    expect(of(text)).toEqual({ isTold: false, isNamed: false });
  });
});
