import type { CredentialSource } from './credential-source.js';

/**
 * Refuses options that name no credential source, or a credential beside it.
 *
 * @throws TypeError when `credentials` is missing, or one of the driver's own options for the credential is given beside it.
 */
export function checkCredentials(
  options: { readonly credentials?: CredentialSource | undefined },
  { pool, driver, instead }: { readonly pool: string; readonly driver: string; readonly instead: readonly string[] },
): void {
  if (typeof options.credentials?.read !== 'function') {
    throw new TypeError(
      `${pool} needs \`credentials\`, a credential source such as envFile({ path: ".env" }); without one, use the ${pool} of ${driver}.`,
    );
  }
  for (const name of instead) {
    if (Reflect.get(options, name) !== undefined) {
      throw new TypeError(
        `${pool} was given \`credentials\` and \`${name}\`. Remove \`${name}\`: the source gives user and password together.`,
      );
    }
  }
}
