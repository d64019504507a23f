import type { TSESTree } from '@typescript-eslint/utils';
import type { Node } from '../ast.js';
import { exportBehind } from '../imports.js';
import { type Source, otherFileOf } from '../origin.js';
import { majorOf } from '../package-version.js';
import type { FileContext } from '../project-file.js';
import { objectBehind, objectsBehind } from '../value.js';
import type { Client } from './client.js';

const contexts = new WeakMap<object, FileContext>();

/** Lets `importedObject` look into the files that this one imports, and `asRequired` into the manifest. */
export function mayLookBeside(context: FileContext): void {
  contexts.set(context.sourceCode.ast, context);
}

/** The client as it is in the major version that the project asks for. */
export function asRequired(source: Source, client: Client): Client {
  const context = client.inMajor && contexts.get(source.ast);
  const major = context && majorOf(context, client.modules);
  return major === undefined ? client : { ...client, ...client.inMajor?.[major] };
}

/** The object literal that another file of the project exports under the name that is imported here. */
export function importedObject(source: Source, node: Node): TSESTree.ObjectExpression | undefined {
  const context = contexts.get(source.ast);
  const exported = context && !otherFileOf(node) ? exportBehind(context, node) : undefined;
  return exported && objectBehind(source, exported.node);
}

/** As `objectBehind`, and one file further. */
export function objectBehindImport(source: Source, node: Node): TSESTree.ObjectExpression | undefined {
  return objectBehind(source, node) ?? importedObject(source, node);
}

/** As `objectsBehind`, and one file further. */
export function objectsBehindImport(source: Source, node: Node): TSESTree.ObjectExpression[] {
  const imported = objectBehindImport(source, node);
  return imported ? [imported] : objectsBehind(source, node);
}
