import { table } from '../table.testing.js';
import rule from './no-unescaped-credential-url.js';

table(rule, {
  fine: [
    {
      name: 'encoded',
      code: 'const u = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}/app`;',
    },
    {
      name: 'encoded before',
      code: 'const password = encodeURIComponent(process.env.DB_PASSWORD);\nconst u = `postgres://app:${password}@db/app`;',
    },
    { name: 'encoded by name', code: 'const u = `postgres://app:${encodedPassword}@db/app`;' },
    {
      name: 'a function that encodes',
      code: 'const esc = (x) => encodeURIComponent(x);\nconst u = `redis://:${esc(password)}@h`;',
    },
    { name: 'a masked password', code: 'log(`postgres://${user}:${redactedPassword}@${host}`);' },
    { name: 'a text', code: "const password = 'postgres';\nconst u = `postgres://app:${password}@db/app`;" },
    { name: 'a port', code: 'const u = `postgres://${host}:${port}/app?contact=a@b`;' },
    { name: 'no password', code: 'const u = `postgres://${user}@${host}/app`;' },
    { name: 'a token of a forge', code: 'const u = `https://x-access-token:${token}@github.com/a/b.git`;' },
    { name: 'a name and a host', code: 'const mail = `${user}:${name}@${host}`; // a://' },
    { name: 'a test', code: 'const u = `postgres://app:${password}@db/app`;', filename: 'test/db.ts' },
  ],
  wrong: [
    {
      name: 'what a configuration is asked for',
      code: "const u = `amqp://app:${config.get('pass')}@${config.get('host')}:1`;",
      says: [['unescaped']],
      suggests: [
        [
          {
            messageId: 'escape',
            output: "const u = `amqp://app:${encodeURIComponent(config.get('pass'))}@${config.get('host')}:1`;",
          },
        ],
      ],
    },
    {
      name: 'an account of a web API',
      code: 'const u = `http://${process.env.RPC_USER}:${process.env.RPC_PASS}@localhost:1`;',
      says: [['unescaped']],
      suggests: [
        [
          {
            messageId: 'escape',
            output:
              'const u = `http://${encodeURIComponent(process.env.RPC_USER)}:${encodeURIComponent(process.env.RPC_PASS)}@localhost:1`;',
          },
        ],
      ],
    },
    {
      name: 'a scheme of its own',
      code: 'const u = `${scheme}://app:${encodeURIComponent(a)}@${host}`; const v = `${scheme}://${user}:${pass}@${server}/a`;',
      says: [['unescaped', {}, 1]],
      suggests: [
        [
          {
            messageId: 'escape',
            output:
              'const u = `${scheme}://app:${encodeURIComponent(a)}@${host}`; const v = `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(pass)}@${server}/a`;',
          },
        ],
      ],
    },
    {
      name: 'a template',
      code: 'const u = `postgres://${user}:${process.env.DB_PASSWORD}@${host}:5432/app`;',
      says: [['unescaped', {}, 1]],
      suggests: [
        [
          {
            messageId: 'escape',
            output:
              'const u = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(process.env.DB_PASSWORD)}@${host}:5432/app`;',
          },
        ],
      ],
    },
    {
      name: 'no user',
      code: 'const u = `redis://:${password}@cache:6379`;',
      says: [['unescaped']],
      suggests: [[{ messageId: 'escape', output: 'const u = `redis://:${encodeURIComponent(password)}@cache:6379`;' }]],
    },
    {
      name: 'a sum',
      code: "const u = 'mongodb+srv://' + user + ':' + password + '@cluster/app';",
      says: [['unescaped']],
      suggests: [
        [
          {
            messageId: 'escape',
            output:
              "const u = 'mongodb+srv://' + encodeURIComponent(user) + ':' + encodeURIComponent(password) + '@cluster/app';",
          },
        ],
      ],
    },
    {
      name: 'a password with a default',
      code: "const password = process.env.DB_PASSWORD ?? '';\nconst u = `mysql://app:${password}@db/app`;",
      says: [['unescaped']],
      suggests: [
        [
          {
            messageId: 'escape',
            output:
              "const password = process.env.DB_PASSWORD ?? '';\nconst u = `mysql://app:${encodeURIComponent(password)}@db/app`;",
          },
        ],
      ],
    },
    {
      name: 'a password on the web',
      code: 'const u = `https://${user}:${password}@feed.example.com/`;',
      says: [['unescaped']],
      suggests: [
        [
          {
            messageId: 'escape',
            output:
              'const u = `https://${encodeURIComponent(user)}:${encodeURIComponent(password)}@feed.example.com/`;',
          },
        ],
      ],
    },
  ],
});
