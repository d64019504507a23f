import { expect, it } from 'vitest';

import { withUser } from './userlist.js';

const before = '; users of the shop\n"shop" "md5abc"\n"shop_b" "old"\n';

it.each([
  { name: 'adds a user', user: 'shop_a', secret: 'new', after: `${before}"shop_a" "new"\n` },
  {
    name: 'changes a user, and none whose name begins alike',
    user: 'shop',
    secret: 'new',
    after: '; users of the shop\n"shop_b" "old"\n"shop" "new"\n',
  },
  { name: 'takes a user off', user: 'shop_b', secret: undefined, after: '; users of the shop\n"shop" "md5abc"\n' },
  { name: 'leaves the list when there is no such user', user: 'nobody', secret: undefined, after: before },
  { name: 'doubles quotes', user: 'o"x', secret: 'a"b', after: `${before}"o""x" "a""b"\n` },
])('$name', ({ user, secret, after }) => {
  expect(withUser(before, user, secret)).toBe(after);
});

it('ends a last line that had no end', () => {
  expect(withUser('"a" "1"', 'b', '2')).toBe('"a" "1"\n"b" "2"\n');
});
