import path from 'node:path';
import type { JSONSchema } from '@typescript-eslint/utils';
import type { Node } from './ast.js';
import { type Source, originOf } from './origin.js';

/** Names a function or a class by where it comes from, as in typescript-eslint. */
export type OriginSpecifier =
  | { readonly from: 'package'; readonly name: string; readonly package: string }
  | { readonly from: 'file'; readonly name: string; readonly path: string };

const name: JSONSchema.JSONSchema4 = {
  type: 'string',
  minLength: 1,
  description: 'The name under which it is exported; members are joined by dots, and `default` is the default export.',
};

/** The schema of one origin, with more properties where a rule needs them. */
export function originSchema(more: Readonly<Record<string, JSONSchema.JSONSchema4>> = {}): JSONSchema.JSONSchema4 {
  const required = ['from', 'name', ...Object.keys(more)];
  return {
    oneOf: [
      {
        type: 'object',
        additionalProperties: false,
        required: [...required, 'package'],
        properties: {
          from: { type: 'string', enum: ['package'], description: 'It comes from a package.' },
          name,
          package: { type: 'string', minLength: 1, description: 'The package, as it is imported.' },
          ...more,
        },
      },
      {
        type: 'object',
        additionalProperties: false,
        required: [...required, 'path'],
        properties: {
          from: { type: 'string', enum: ['file'], description: 'It comes from a file of the project.' },
          name,
          path: { type: 'string', minLength: 1, description: 'The file, relative to the folder that ESLint runs in.' },
          ...more,
        },
      },
    ],
  };
}

interface FileContext {
  readonly filename: string;
  readonly cwd: string;
  readonly sourceCode: Source;
}

/** The first specifier that means what the expression refers to. */
export function specifierOf<Specifier extends OriginSpecifier>(
  context: FileContext,
  node: Node,
  specifiers: readonly Specifier[],
): Specifier | undefined {
  if (specifiers.length === 0) return undefined;
  const origin = originOf(context.sourceCode, node);
  if (!origin) return undefined;
  const member = origin.members.filter((each) => each !== '()').join('.') || 'default';
  return specifiers.find((each) => {
    if (each.name !== member) return false;
    if (each.from === 'package') return origin.module === each.package || origin.module.startsWith(`${each.package}/`);
    if (!origin.module.startsWith('.')) return false;
    const imported = path.resolve(path.dirname(context.filename), origin.module);
    return withoutExtension(imported) === withoutExtension(path.resolve(context.cwd, each.path));
  });
}

function withoutExtension(file: string): string {
  return file.replace(/(?:\/index)?\.[cm]?[jt]sx?$/, '');
}
