import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { printable } from '@keyturn/findings';
import type { ConsumerInstance, Evidence, Observation } from '@keyturn/rotation';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

import type { Terminal } from '../command/terminal.js';
import { codeOf } from '../config/config.js';
import { explain } from '../config/explain.js';
import { UsageError } from '../errors.js';
import { isPodList, podsOf } from './pods.js';

const text = { type: 'string', minLength: 1 } as const;

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['asOf', 'consumers'],
  properties: {
    asOf: { type: 'string', format: 'date-time' },
    consumers: {
      type: 'object',
      additionalProperties: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['name'],
          properties: {
            name: text,
            startedAt: { type: 'string', format: 'date-time' },
            generation: { type: 'integer', minimum: 0 },
            address: text,
          },
        },
      },
    },
  },
} as const;

interface Written {
  readonly asOf: string;
  readonly consumers: Readonly<
    Record<string, readonly (Omit<ConsumerInstance, 'startedAt'> & { readonly startedAt?: string })[]>
  >;
}

/**
 * Evidence from a file: `{ asOf, consumers: { <name>: [{ name, startedAt?, generation?, address? }] } }`, or what
 * `kubectl get pods -o json` printed. It is read when the gate asks.
 */
export async function evidenceFrom(file: string | undefined, { cwd }: Terminal): Promise<Evidence | undefined> {
  if (file === undefined) return undefined;
  const seen = observationIn(path.resolve(cwd, file), file);
  const { evidenceOf } = await import('@keyturn/rotation');
  return evidenceOf(() => Promise.resolve(seen));
}

function observationIn(file: string, shown: string): Observation {
  const what = `The evidence ${printable(shown)}`;
  let raw: unknown;
  let modified: Date;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
    modified = statSync(file).mtime;
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is not JSON' : `cannot be read (${codeOf(cause)})`;
    throw new UsageError(`${what} ${why}. docs/rotate.md shows what it holds.`, { cause });
  }
  if (isPodList(raw)) return podsOf(raw, modified);
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: true });
  addFormats.default(ajv);
  const validate = ajv.compile<Written>(schema);
  if (!validate(raw)) throw new UsageError([`${what} is not usable:`, ...explain(validate.errors ?? [])].join('\n  '));
  return {
    asOf: new Date(raw.asOf),
    consumers: Object.fromEntries(
      Object.entries(raw.consumers).map(([name, instances]) => [
        name,
        instances.map(({ startedAt, ...one }) => ({
          ...one,
          ...(startedAt !== undefined && { startedAt: new Date(startedAt) }),
        })),
      ]),
    ),
  };
}
