import type { Credential } from '@keyturn/plan';

import { StoreError } from '../../store.js';

/** One variable per line, as `docker --env-file`, systemd and `source` read them. */
export const defaultTemplate = 'DB_USER=${DB_USER}\nDB_PASSWORD=${DB_PASSWORD}\nDB_GENERATION=${DB_GENERATION}\n';

const variable = /\$\{(DB_USER|DB_PASSWORD|DB_GENERATION)\}|\$(DB_USER|DB_PASSWORD|DB_GENERATION)(?![A-Za-z0-9_])/g;

/** Letters, digits and the few marks that mean themselves in a URL, a shell, YAML and `.env`. */
const plain = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/**
 * Fills a template in, as `envsubst '$DB_USER $DB_PASSWORD $DB_GENERATION'` does: those three and nothing else.
 *
 * @throws StoreError when the user or the password would need quotes in some file, or the template does not use both.
 */
export function render(template: string, credential: Credential): string {
  if (!plain.test(credential.user)) {
    throw new StoreError(
      `The user name "${credential.user}" would need quotes in an env file. Use letters, digits, "_", "-" and ".", and a letter first.`,
    );
  }
  if (!plain.test(credential.password)) {
    throw new StoreError('The password would need quotes in an env file. Let keyturn generate it.');
  }
  const values = {
    DB_USER: credential.user,
    DB_PASSWORD: credential.password,
    DB_GENERATION: String(credential.generation),
  };
  const used = new Set<string>();
  const text = template.replace(
    variable,
    (_, braced: keyof typeof values | undefined, bare: keyof typeof values | undefined) => {
      const name = braced ?? bare ?? 'DB_USER';
      used.add(name);
      return values[name];
    },
  );
  for (const name of ['DB_USER', 'DB_PASSWORD'] as const) {
    if (!used.has(name)) {
      throw new StoreError(
        `The template does not use \${${name}}. User and password change together, so it must hold both.`,
      );
    }
  }
  return text;
}
