import { levels, presets, severities } from '@keyturn/findings';
import type { Rule } from '../check/rules.js';

/** JSON Schema of `keyturn.config.json`, made from the rules there are. Closed everywhere: a word it does not know is refused. */
export function configSchema(rules: readonly Rule[]): Record<string, unknown> & { readonly properties: object } {
  const level = { enum: [...levels] };
  const setting = ({ facts, options }: Rule) => ({
    description: facts.summary,
    anyOf: [
      level,
      {
        type: 'object',
        additionalProperties: false,
        properties: { level, ...(options === undefined ? {} : { options }) },
      },
    ],
  });
  const glob = { type: 'string', minLength: 1 };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'keyturn.config.json',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string', description: 'Where an editor finds this schema.' },
      preset: { enum: [...presets], description: 'Levels of all rules that are not listed. Default: recommended.' },
      failOn: {
        enum: [...severities, 'never'],
        description:
          'Findings from this severity up end the run with exit code 1. Default: findings whose level is block.',
      },
      rules: {
        type: 'object',
        description: 'Rule id → level, or level and options.',
        additionalProperties: false,
        properties: Object.fromEntries(rules.map((rule) => [rule.facts.id, setting(rule)])),
      },
      ignore: {
        type: 'array',
        items: glob,
        description: 'Globs of paths that are not read, from the folder of this file.',
      },
      exceptions: {
        type: 'array',
        description: 'Findings that were accepted, each with a reason.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['rule', 'reason'],
          anyOf: [{ required: ['path'] }, { required: ['urn'] }],
          properties: {
            rule: { enum: rules.map(({ facts }) => facts.id) },
            path: { ...glob, description: 'Glob of the file of the finding, from the folder of this file.' },
            urn: { ...glob, description: 'Glob of the URN of the resource.' },
            reason: { type: 'string', minLength: 1, pattern: '\\S' },
            until: { type: 'string', format: 'date', description: 'Last day on which the exception holds.' },
          },
        },
      },
      baseline: { ...glob, description: 'File of findings that were there before, from the folder of this file.' },
    },
  };
}
