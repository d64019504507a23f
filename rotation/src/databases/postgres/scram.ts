import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** The password holds characters that would need SASLprep. The message does not show it. */
export class VerifierError extends Error {
  override readonly name = 'VerifierError';
}

/**
 * What PostgreSQL stores for a password (`SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, RFC 5803). A server takes it as it is,
 * so that no password reaches it or its log.
 *
 * @throws VerifierError when the password is empty or holds anything but printable ASCII.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  if (!/^[\x21-\x7e]+$/.test(password)) {
    throw new VerifierError(
      'A password must be printable ASCII without spaces to be hashed here. Let keyturn generate it.',
    );
  }
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
