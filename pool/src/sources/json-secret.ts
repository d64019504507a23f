import { CredentialSourceError } from '../errors.js';
import type { FunctionCredential } from './from-function.js';

/**
 * The credential in a JSON text with `username`, `password` and, when there is one, `generation`.
 *
 * @throws CredentialSourceError naming the secret, and nothing of its text.
 */
export function credentialIn(text: string | undefined, secret: string, hint = ''): FunctionCredential {
  const { username, password, generation } = fieldsOf(text, secret);
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new CredentialSourceError(
      `Secret ${secret} has no text "username" and "password" in its JSON; write both${hint}.`,
    );
  }
  return { user: username, password, ...(typeof generation === 'number' ? { generation } : {}) };
}

function fieldsOf(
  text: string | undefined,
  secret: string,
): Readonly<Record<'username' | 'password' | 'generation', unknown>> {
  try {
    const fields: unknown = JSON.parse(text ?? '');
    if (typeof fields === 'object' && fields !== null) return fields as ReturnType<typeof fieldsOf>;
  } catch {
    // The parser's error would show the beginning of the secret.
  }
  throw new CredentialSourceError(`Secret ${secret} holds no JSON object; write {"username": …, "password": …}.`);
}
