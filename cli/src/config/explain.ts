import { printable } from '@keyturn/findings';
import type { ErrorObject } from 'ajv';

import { didYouMean } from '../did-you-mean.js';

/** Title of the schema of a value that must be given by reference; {@link explain} knows it. */
export const referenceTitle = 'a secret, by reference';

/**
 * One sentence per mistake that a schema found. Errors inside an `anyOf` say the same thing several times; the one that names the word is
 * enough. No sentence shows a value: it may be a secret that stands in the wrong place.
 */
export function explain(errors: readonly ErrorObject[]): string[] {
  const lines = errors.flatMap((error) => sentencesOf(error));
  return lines.length === 0 ? ['It does not fit the schema.'] : [...new Set(lines)];
}

function sentencesOf(error: ErrorObject): string[] {
  const at = error.instancePath === '' ? 'The file' : `"${nameOf(error.instancePath)}"`;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const given = String(params['additionalProperty']);
      return [`${at} has an unknown key "${printable(given)}".${didYouMean(given, keysOf(error))}`];
    }
    case 'enum':
      return [`${at} must be one of ${(params['allowedValues'] as readonly unknown[]).map(String).join(', ')}.`];
    case 'required':
      return [`${at} lacks "${String(params['missingProperty'])}".`];
    case 'false schema':
      return [`${at} is written by keyturn and must not stand here.`];
    case 'discriminator': {
      if (params['error'] === 'tag') return [`${at} lacks "${String(params['tag'])}".`];
      const kinds = kindsOf(error);
      const given = typeof params['tagValue'] === 'string' ? didYouMean(params['tagValue'], kinds) : '';
      return [`"${nameOf(error.instancePath)}.kind" must be one of ${kinds.join(', ')}.${given}`];
    }
    case 'type':
      if ((error.parentSchema as { title?: string } | undefined)?.title === referenceTitle) {
        return [
          `${at} must not hold the secret itself. Write { env: NAME } or { file: PATH }, and change a secret that was shared with this file.`,
        ];
      }
      return [`${at} ${error.message ?? 'is wrong'}.`];
    case 'anyOf':
      return [];
    case 'oneOf':
      return isReference(error) ? [`${at} needs either "env" or "file".`] : [];
    default:
      return [`${at} ${error.message ?? 'is wrong'}.`];
  }
}

function nameOf(instancePath: string): string {
  return printable(instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isReference(error: ErrorObject): boolean {
  return (error.parentSchema as { title?: string } | undefined)?.title === referenceTitle;
}

function keysOf({ parentSchema }: ErrorObject): readonly string[] {
  const properties: unknown = (parentSchema as { properties?: object } | undefined)?.properties;
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function kindsOf({ parentSchema }: ErrorObject): string[] {
  const { oneOf = [] } = parentSchema as { oneOf?: readonly { properties?: { kind?: { const?: string } } }[] };
  return oneOf.flatMap(({ properties }) => properties?.kind?.const ?? []);
}
