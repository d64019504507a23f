import { NameError } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';

import { pairOf } from './pair.js';

describe('the pair of a component', () => {
  it('is named after its name, or is what was taken over', () => {
    expect(pairOf('shop')).toEqual({ name: 'shop', sharedRole: 'shop', users: ['shop_a', 'shop_b'] });
    const adopted = { name: 'shop', sharedRole: 'shop_owner', users: ['app', 'app_clone'] } as const;
    expect(pairOf(adopted)).toEqual(adopted);
  });

  it.each([
    [{ name: 'shop', sharedRole: 'shop', users: ['app', 'app'] as const }, 'needs two users and got app twice'],
    [{ name: 'shop', sharedRole: '', users: ['app', 'app_b'] as const }, '"" is no name that the database has'],
    [{ name: 'shop', sharedRole: 'shop', users: ['app', 'b'.repeat(33)] as const }, 'it needs 1 to 32 bytes'],
  ])('is refused for %j', (pair, message) => {
    expect(() => pairOf(pair, 32)).toThrow(NameError);
    expect(() => pairOf(pair, 32)).toThrow(message);
  });
});
