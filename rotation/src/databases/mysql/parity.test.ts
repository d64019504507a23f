import { expect, it } from 'vitest';

import { normalised } from './parity.js';

it.each([
  {
    name: 'a password in a grant of MariaDB',
    grant:
      "GRANT USAGE ON *.* TO `app_a`@`%` IDENTIFIED BY PASSWORD '*6C387FC3893DBA1E3BA155E74754DA6682D04747' WITH MAX_USER_CONNECTIONS 5",
    is: 'GRANT USAGE ON *.* WITH MAX_USER_CONNECTIONS 5',
  },
  {
    name: 'two ways to log in, and TLS',
    grant:
      "GRANT USAGE ON *.* TO `app_a`@`%` IDENTIFIED VIA mysql_native_password USING '*6C' OR mysql_native_password USING '*7C' REQUIRE SSL",
    is: 'GRANT USAGE ON *.* REQUIRE SSL',
  },
  { name: 'a default role', grant: 'SET DEFAULT ROLE `app` FOR `app_a`@`%`', is: 'SET DEFAULT ROLE `app`' },
  {
    name: 'GRANT OPTION, and privileges in any order',
    grant: 'GRANT UPDATE, SELECT ON `shop`.* TO `app_a`@`%` WITH GRANT OPTION',
    is: 'GRANT SELECT, UPDATE ON `shop`.* WITH GRANT OPTION',
  },
  {
    name: 'privileges on columns',
    grant: 'GRANT UPDATE (b, a), SELECT ON `shop`.`t` TO `app_a`@`%`',
    is: 'GRANT UPDATE (b, a), SELECT ON `shop`.`t`',
  },
  {
    name: 'a user that is named in a table name',
    grant: 'GRANT SELECT ON `shop`.`app_a` TO `app_a`@`%`',
    is: 'GRANT SELECT ON `shop`.`app_a`',
  },
])('leaves of a grant what it allows: $name', ({ grant, is }) => {
  expect(normalised(grant, 'app_a', '%')).toBe(is);
});
