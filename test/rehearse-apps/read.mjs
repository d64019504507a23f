import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

export function read() {
  const { DB_USER: user, DB_PASSWORD: password } = parseEnv(readFileSync(process.env.DB_CREDENTIALS, 'utf8'));
  return { user, password };
}
