import { readFileSync } from 'node:fs';
import path from 'node:path';

import { codeOf } from '../../config/config.js';
import { UsageError } from '../../errors.js';
import type { StoreKind } from '../kind.js';

interface EnvFileConfig {
  readonly path: string;
  readonly template?: string;
}

export const envFile: StoreKind<EnvFileConfig> = {
  kind: 'env-file',
  description: 'A file that applications read; versions are kept beside it.',
  required: ['path'],
  properties: {
    path: { type: 'string', minLength: 1, description: 'From the folder of this configuration.' },
    template: {
      type: 'string',
      minLength: 1,
      description:
        'File with ${DB_USER}, ${DB_PASSWORD} and ${DB_GENERATION}, from the folder of this configuration. Default: one line for each.',
    },
  },
  rights: ({ path: file }) => [`write access to ${file} and to the folder it stands in`],
  async make({ path: file, template }, { folder }) {
    const { EnvFileStore } = await import('@keyturn/rotation');
    return new EnvFileStore({
      path: path.resolve(folder, file),
      ...(template !== undefined && { template: read(path.resolve(folder, template), template) }),
    });
  },
};

function read(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`The template ${shown} cannot be read (${codeOf(cause)}). Name a file that can be.`, {
      cause,
    });
  }
}
