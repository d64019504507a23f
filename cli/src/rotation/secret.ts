import { readFileSync } from 'node:fs';
import path from 'node:path';

import { codeOf } from '../config/config.js';
import { referenceTitle } from '../config/explain.js';
import { UsageError } from '../errors.js';

/** Where a secret stands: an environment variable, or a file that holds nothing else. */
export type SecretReference = { readonly env: string } | { readonly file: string };

/** Schema of a {@link SecretReference}; a text in its place is refused. */
export function referenceSchema(description: string): object {
  return {
    title: referenceTitle,
    description,
    type: 'object',
    additionalProperties: false,
    properties: {
      env: { type: 'string', minLength: 1, description: 'Name of the environment variable that holds it.' },
      file: {
        type: 'string',
        minLength: 1,
        description: 'Path of a file that holds it and nothing else, from the folder of this configuration.',
      },
    },
    oneOf: [{ required: ['env'] }, { required: ['file'] }],
  };
}

/** Where references are looked up. */
export interface Surroundings {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The secret behind a reference; one line break at the end of a file does not belong to it.
 *
 * @throws UsageError when the variable is not set, or the file cannot be read or is empty. The message never shows the secret.
 */
export function readSecret(what: string, reference: SecretReference, { folder, env }: Surroundings): string {
  if ('env' in reference) {
    const value = env[reference.env];
    if (value === undefined || value === '') {
      throw new UsageError(`${what} is read from the environment variable ${reference.env}, which is not set. Set it.`);
    }
    return value;
  }
  let text: string;
  try {
    text = readFileSync(path.resolve(folder, reference.file), 'utf8');
  } catch (cause) {
    throw new UsageError(
      `${what} is read from the file ${reference.file}, which cannot be read (${codeOf(cause)}). Name a file that can be.`,
      { cause },
    );
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '')
    throw new UsageError(`${what} is read from the file ${reference.file}, which is empty. Write it there.`);
  return secret;
}
