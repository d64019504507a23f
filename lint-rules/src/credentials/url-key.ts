import { looksIssued } from './literals.js';

const keys = /[?&](?:api_?key|appid|app_?key|access_token|auth_token|client_secret)=([A-Za-z0-9_-]{16,})(?:[&#]|$)/i;

/** True for an address that carries the key of an interface: `https://…?api_key=…`. */
export function hasKeyInUrl(text: string): boolean {
  const [, value = ''] = keys.exec(text) ?? [];
  return value !== '' && looksIssued(value);
}
