import { table } from '../table.testing.js';
import rule from './require-auth-error-refresh.js';

const pg = "import { Pool } from 'pg';\nconst pool = new Pool({ password: read });\n";
const query = (body: string) =>
  `export async function query(sql) { try { return await pool.query(sql); } catch (error) { ${body} } }`;
const both = "['28P01', '28000'].includes(error.code)";

table(rule, {
  fine: [
    { name: 'both codes', code: `${pg}${query(`if (${both}) refresh(); throw error;`)}` },
    {
      name: 'a list of codes',
      code: `${pg}const refused = new Set(['28P01', '28000']);\n${query('if (refused.has(error.code)) refresh(); throw error;')}`,
    },
    {
      name: 'an error event that looks for something else',
      code: `${pg}pool.on('error', (error) => { if (error.code === '57P01') note(); });`,
    },
    { name: 'no driver of PostgreSQL', code: "if (row.code === '28P01') explain();" },
    {
      name: 'one more try, which is counted',
      code: `${pg}export async function query(sql, tries = 0) { try { return await pool.query(sql); } catch (error) { if (${both} && tries < 1) return query(sql, tries + 1); throw error; } }`,
    },
    {
      name: 'a loop with an end',
      code: `${pg}export async function query(sql) { for (let i = 0; i < 3; i++) { try { return await pool.query(sql); } catch (error) { if (${both}) await refresh(); } } }`,
    },
    {
      name: 'a loop that gives up',
      code: `${pg}export async function query(sql) { let tries = 0; for (;;) { try { return await pool.query(sql); } catch (error) { if (${both}) { if (tries++ > 1) throw error; await refresh(); } } } }`,
    },
    {
      name: 'the cause behind a pool of mariadb',
      code: "import mariadb from 'mariadb'; export const isRefused = (error) => error.cause?.errno === 1045;",
    },
    {
      name: '1045 of a connection of mariadb',
      code: "import { createConnection } from 'mariadb'; export const isRefused = (error) => error.errno === 1045;",
    },
    {
      name: '1045 of mysql2',
      code: "import mysql from 'mysql2/promise'; export const isRefused = (error) => error.errno === 1045;",
    },
    {
      name: 'the error of the driver behind Sequelize',
      code: `import { Sequelize } from 'sequelize'; export const isRefused = (error) => ['28P01', '28000'].includes(error.original?.code);`,
    },
    { name: 'a comment', code: `${pg}// 28P01 is a wrong password` },
    { name: 'a test', code: `${pg}if (error.code === '28P01') note();`, filename: 'src/pool.test.ts' },
  ],
  wrong: [
    {
      name: 'the error event of a pool',
      code: `${pg}pool.on('error', (error) => { if (error.code === '28P01' || error.code === '28000') refresh(); });`,
      says: [
        ['neverArrives', { client: 'pg' }, 3],
        ['neverArrives', { client: 'pg' }],
      ],
    },
    {
      name: '1045 of a pool of mariadb',
      code: "import mariadb from 'mariadb';\nexport const pool = mariadb.createPool(options);\nexport const isRefused = (error) => error.errno === 1045;",
      says: [['hidden']],
    },
    {
      name: 'a role that was switched off is forgotten',
      code: `${pg}${query("if (error.code === '28P01') await refresh(); throw error;")}`,
      says: [['forgotten']],
      suggests: [[{ messageId: 'bothCodes', output: `${pg}${query(`if (${both}) await refresh(); throw error;`)}` }]],
    },
    {
      name: 'Sequelize keeps it in `original`',
      code: "import { Sequelize } from 'sequelize';\ntry { await db.authenticate(); } catch (error) { if (error.code === '28P01') refresh(); }",
      says: [['wrapped', { library: 'Sequelize', member: 'original', path: 'error.original?.code' }]],
      suggests: [
        [
          {
            messageId: 'unwrap',
            output:
              "import { Sequelize } from 'sequelize';\ntry { await db.authenticate(); } catch (error) { if (['28P01', '28000'].includes(error.original?.code)) refresh(); }",
          },
        ],
      ],
    },
    {
      name: 'Drizzle keeps it in `cause`',
      code: "import { drizzle } from 'drizzle-orm/node-postgres';\ntry { await db.select(); } catch (error) { if (error.code === '28P01') refresh(); }",
      says: [['wrapped', { library: 'Drizzle', member: 'cause', path: 'error.cause?.code' }]],
      suggests: [
        [
          {
            messageId: 'unwrap',
            output:
              "import { drizzle } from 'drizzle-orm/node-postgres';\ntry { await db.select(); } catch (error) { if (['28P01', '28000'].includes(error.cause?.code)) refresh(); }",
          },
        ],
      ],
    },
    {
      name: 'a loop without an end',
      code: `${pg}export async function query(sql) { while (true) { try { return await pool.query(sql); } catch (error) { if (${both}) { await refresh(); continue; } throw error; } } }`,
      says: [['unbounded']],
    },
    {
      name: 'a function that calls itself with the same',
      code: `${pg}${query(`if (${both}) { await refresh(); return query(sql); } throw error;`)}`,
      says: [['unbounded']],
    },
  ],
});
