import { randomInt } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const lettersAndDigits = `${letters}0123456789`;

/** Length of a password in characters. 32 characters of 62 are 190 bits. */
export const passwordLength = { default: 32, shortest: 16, longest: 128 } as const;

/** A length outside {@link passwordLength}. */
export class PasswordLengthError extends Error {
  override readonly name = 'PasswordLengthError';
}

/**
 * A random password that means itself in a URL, a DSN, a shell, YAML and `.env`: letters and digits only, and a letter first, so that
 * nothing reads it as a number.
 *
 * @param length in characters. Default: 32.
 * @throws PasswordLengthError when the length is not a whole number from 16 to 128.
 */
export function newPassword(length: number = passwordLength.default): string {
  if (!Number.isInteger(length) || length < passwordLength.shortest || length > passwordLength.longest) {
    throw new PasswordLengthError(
      `A password can have ${passwordLength.shortest} to ${passwordLength.longest} characters, got ${length}. Use ${passwordLength.default}.`,
    );
  }
  const rest = Array.from({ length: length - 1 }, () => pick(lettersAndDigits));
  return pick(letters) + rest.join('');
}

function pick(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}
