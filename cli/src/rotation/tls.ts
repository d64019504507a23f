import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Tls } from '@keyturn/rotation';

import { codeOf } from '../config/config.js';
import { UsageError } from '../errors.js';
import type { Surroundings } from './secret.js';

/** What the configuration says about encryption: on with the system's certificates, on with others, or off. */
export type TlsConfig =
  boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };

export const tlsSchema: object = {
  description:
    'true (default): encrypted, and the certificate is verified. An object names the files that this needs. false: everything goes in clear text.',
  anyOf: [
    { type: 'boolean' },
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        ca: { type: 'string', description: 'PEM file of the certificate authority.' },
        cert: { type: 'string', description: 'PEM file of a client certificate.' },
        key: { type: 'string', description: 'PEM file of its key.' },
        servername: { type: 'string', description: 'Name in the certificate, where it is not the host.' },
      },
    },
  ],
};

/** @throws UsageError when a file cannot be read. */
export function readTls(config: TlsConfig | undefined, { folder }: Surroundings): Tls {
  if (config === undefined || typeof config === 'boolean') return config ?? true;
  const read = (file: string): string => {
    try {
      return readFileSync(path.resolve(folder, file), 'utf8');
    } catch (cause) {
      throw new UsageError(`"tls" names the file ${file}, which cannot be read (${codeOf(cause)}).`, { cause });
    }
  };
  const { ca, cert, key, servername } = config;
  return {
    ...(ca !== undefined && { ca: read(ca) }),
    ...(cert !== undefined && { cert: read(cert) }),
    ...(key !== undefined && { key: read(key) }),
    ...(servername !== undefined && { servername }),
  };
}
