/** A program that is linted and run: what the rule says of it has to be what the driver does. */
export interface Sample {
  /** The name of the row of the rule's table. */
  readonly row: string;
  readonly does: string;
  /** A module that exports `query`, which needs a connection, `end`, and perhaps `refresh`, which the program does after a rotation. */
  readonly code: string;
}

/** What every sample begins with: where the server is, and a password that is read when somebody asks. */
export const prelude = `import { readFileSync } from 'node:fs';
const { HOST: host, DATABASE: database, DB_USER: user } = process.env;
const port = Number(process.env.PORT);
const read = () => readFileSync(process.env.PASSWORD_FILE, 'utf8');
`;
