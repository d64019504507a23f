import { table } from '../table.testing.js';
import rule from './no-in-place-password-change.js';

table(rule, {
  fine: [
    { name: 'nothing of the kind', code: "query('select 1');" },
    { name: 'the label of a button', code: "const label = 'Set password';" },
    { name: 'a sentence', code: "const text = 'Set password for your account';", filename: 'src/a.ts', options: [{}] },
    { name: 'another change of a user', code: "query('ALTER USER app SET search_path TO app');" },
    { name: 'the password goes away', code: "query('ALTER ROLE app PASSWORD NULL');" },
    { name: 'the old password stays', code: 'query(`ALTER USER app IDENTIFIED BY ${word} RETAIN CURRENT PASSWORD`);' },
    { name: 'a test', code: 'query("ALTER USER app PASSWORD \'x\'");', filename: 'src/a.test.ts' },
  ],
  wrong: [
    {
      name: 'PostgreSQL',
      code: 'query("ALTER USER app WITH PASSWORD \'x\'");',
      says: [['inPlace', { statement: 'ALTER USER … PASSWORD' }]],
    },
    {
      name: 'a role, in a template',
      code: 'query(`alter role ${user} password ${word}`);',
      says: [['inPlace', { statement: 'ALTER ROLE … PASSWORD' }]],
    },
    {
      name: 'MySQL',
      code: "query(\"ALTER USER 'app'@'%' IDENTIFIED BY ?\");",
      says: [['inPlace', { statement: 'ALTER USER … IDENTIFIED' }]],
    },
    {
      name: 'MySQL, the old way',
      code: "query('SET PASSWORD FOR app = ?');",
      says: [['inPlace', { statement: 'SET PASSWORD' }]],
    },
  ],
});
