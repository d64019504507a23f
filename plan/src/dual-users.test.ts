import { describe, expect, it } from 'vitest';

import { NameError, dualUsersOf, otherUser } from './dual-users.js';

describe('dualUsersOf', () => {
  it('names the shared role after the pair and its users after the role', () => {
    expect(dualUsersOf('app')).toEqual({ sharedRole: 'app', users: ['app_a', 'app_b'] });
  });

  it('allows the longest name that fits and refuses one byte more', () => {
    expect(dualUsersOf('x'.repeat(61)).users[0]).toHaveLength(63);
    expect(() => dualUsersOf('x'.repeat(62))).toThrow(NameError);
    expect(() => dualUsersOf('é'.repeat(31))).toThrow(
      'has 64 bytes and the database allows 63. Choose a shorter pair name.',
    );
  });

  it.each(['', 'a\0b'])('refuses %j', (pair) => {
    expect(() => dualUsersOf(pair)).toThrow('A pair needs a name without NUL characters. Use for example "app".');
  });
});

describe('otherUser', () => {
  it('alternates', () => {
    const pair = dualUsersOf('app');
    expect(otherUser(pair, 'app_a')).toBe('app_b');
    expect(otherUser(pair, 'app_b')).toBe('app_a');
  });
});
