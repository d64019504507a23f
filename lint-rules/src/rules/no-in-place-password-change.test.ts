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
    {
      name: 'one more password of a Redis user',
      code: "import { createClient } from 'redis'; const c = createClient(); c.aclSetUser('app', [`>${next}`]);",
    },
    { name: 'a user of a web site', code: 'api.updateUser({ updateUser: id, name });' },
    { name: 'a sum about something else', code: "log('alter user ' + name + ' was refused');" },
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
    {
      name: 'a sum',
      code: `query('ALTER USER ' + user + " WITH PASSWORD '" + word + "'");`,
      says: [['inPlace', { statement: 'ALTER USER … PASSWORD' }]],
    },
    {
      name: 'a format',
      code: "import format from 'pg-format';\nquery(format('ALTER ROLE %I PASSWORD %L', user, word));",
      says: [['inPlace', { statement: 'ALTER ROLE … PASSWORD' }]],
    },
    {
      name: 'the raw statement of knex',
      code: "knex.raw('ALTER USER ?? WITH PASSWORD ?', [user, word]);",
      says: [['inPlace', { statement: 'ALTER USER … PASSWORD' }]],
    },
    {
      name: 'a tagged template',
      code: 'sql`alter user ${sql.ref(user)} with password ${sql.lit(word)}`.execute(db);',
      says: [['inPlace', { statement: 'ALTER USER … PASSWORD' }]],
    },
    {
      name: 'words that are joined',
      code: "query(['ALTER USER', user, 'IDENTIFIED BY', word].join(' '));",
      says: [['inPlace', { statement: 'ALTER USER … IDENTIFIED' }]],
    },
    {
      name: 'after another statement',
      code: "query(`BEGIN; ALTER USER app PASSWORD '${word}'; COMMIT`);",
      says: [['inPlace', { statement: 'ALTER USER … PASSWORD' }]],
    },
    {
      name: 'psql',
      code: 'exec(`psql -d app -c "ALTER USER app PASSWORD \'${word}\'"`);',
      says: [['inPlace', { statement: 'ALTER USER … PASSWORD' }]],
    },
    {
      name: 'SQL Server',
      code: "query(`ALTER LOGIN app WITH PASSWORD = '${word}'`);",
      says: [['inPlace', { statement: 'ALTER LOGIN … PASSWORD' }]],
    },
    {
      name: 'MySQL 8, which can keep both',
      code: "import mysql from 'mysql2/promise';\nquery(\"ALTER USER 'app'@'%' IDENTIFIED BY ?\");",
      says: [['inPlace', { statement: 'ALTER USER … IDENTIFIED' }]],
      suggests: [
        [
          {
            messageId: 'retain',
            output:
              "import mysql from 'mysql2/promise';\nquery(\"ALTER USER 'app'@'%' IDENTIFIED BY ? RETAIN CURRENT PASSWORD\");",
          },
        ],
      ],
    },
    {
      name: 'MongoDB',
      code: "await db.command({ updateUser: 'app', pwd: word });",
      says: [['inPlace', { statement: 'updateUser … pwd' }]],
    },
    {
      name: 'Redis',
      code: "import { createClient } from 'redis';\nconst c = createClient();\nawait c.aclSetUser('app', ['resetpass', `>${word}`]);",
      says: [['inPlace', { statement: 'ACL SETUSER … resetpass' }]],
    },
  ],
});
