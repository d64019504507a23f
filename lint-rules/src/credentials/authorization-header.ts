import { looksIssued } from './literals.js';

/** True for the text of an `Authorization` header that logs somebody in: `Basic` with user and password, `Bearer` with a token. */
export function isAuthorization(text: string): boolean {
  const [, scheme = '', value = ''] = /^(Basic|Bearer|Token)\s+(\S+)$/i.exec(text.trim()) ?? [];
  if (scheme.toLowerCase() !== 'basic') return value.length >= 20 && looksIssued(value);
  const [user = '', password = ''] = Buffer.from(value, 'base64').toString('latin1').split(':');
  return (
    /^[\x20-\x7e]+$/.test(user) && /^[\x20-\x7e]{3,}$/.test(password) && !/^(?:pass(?:word)?|pwd)$/i.test(password)
  );
}
