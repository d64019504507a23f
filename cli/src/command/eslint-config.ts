import { parse, type TSESTree } from '@typescript-eslint/typescript-estree';

import { plugin } from './lint-plugin.js';

export type ModuleKind = 'module' | 'commonjs';

/** An insertion into a text. */
interface Edit {
  readonly at: number;
  readonly text: string;
}

/**
 * The configuration with the rules switched on; the same text where they are already, and nothing where it exports something
 * other than a list, a call of a function that takes one, or one object. All that is there stays as it is.
 */
export function withKeyturn(source: string, kind: ModuleKind): string | undefined {
  const program = parsed(source);
  if (!program) return undefined;
  if (source.includes(plugin)) return source;
  const exported = exportOf(program);
  if (!exported) return undefined;
  const isModule =
    exported.isModule || (kind === 'module' && program.body.some((each) => each.type === 'ImportDeclaration'));
  const name = /\bkeyturn\b/.test(source) ? 'keyturnPlugin' : 'keyturn';
  const added = intoList(source, program, exported.node, name);
  if (!added) return undefined;
  const text = edited(source, [...added, importOf(program, name, isModule)]);
  return parsed(text) ? text : undefined;
}

function parsed(source: string): TSESTree.Program | undefined {
  try {
    return parse(source, { range: true, loc: true, jsx: false });
  } catch {
    return undefined;
  }
}

function exportOf(program: TSESTree.Program): { readonly node: TSESTree.Node; readonly isModule: boolean } | undefined {
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration') return { node: statement.declaration, isModule: true };
    if (statement.type === 'TSExportAssignment') return { node: statement.expression, isModule: false };
    if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'AssignmentExpression') continue;
    const { left, right } = statement.expression;
    const isExports =
      left.type === 'MemberExpression' &&
      left.object.type === 'Identifier' &&
      left.object.name === 'module' &&
      left.property.type === 'Identifier' &&
      left.property.name === 'exports';
    if (isExports) return { node: right, isModule: false };
  }
  return undefined;
}

/** Functions that hand their configurations on as a list: `defineConfig` of ESLint and `config` of typescript-eslint. */
const listMakers = new Set(['defineConfig', 'config']);

function intoList(
  source: string,
  program: TSESTree.Program,
  node: TSESTree.Node,
  name: string,
  depth = 0,
): Edit[] | undefined {
  const entries = [`${name}.configs.recommended`, `${name}.configs.documents`];
  switch (node.type) {
    case 'ArrayExpression':
      return appended(source, node.elements, node.range, entries);
    case 'CallExpression': {
      const { callee } = node;
      const called = callee.type === 'MemberExpression' ? callee.property : callee;
      if (called.type !== 'Identifier' || !listMakers.has(called.name)) return undefined;
      const [only] = node.arguments;
      if (node.arguments.length === 1 && only?.type === 'ArrayExpression') return intoList(source, program, only, name);
      const open = source.indexOf('(', node.typeArguments?.range[1] ?? callee.range[1]);
      return appended(source, node.arguments, [open, node.range[1]], entries);
    }
    case 'ObjectExpression':
      return [
        { at: node.range[0], text: '[' },
        { at: node.range[1], text: `, ${entries.join(', ')}]` },
      ];
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return node.expression.type === 'ArrayExpression'
        ? intoList(source, program, node.expression, name, depth)
        : undefined;
    case 'Identifier': {
      const value = depth < 3 ? valueOf(program, node.name) : undefined;
      return value && value.type !== 'ObjectExpression' ? intoList(source, program, value, name, depth + 1) : undefined;
    }
    default:
      return undefined;
  }
}

function valueOf(program: TSESTree.Program, name: string): TSESTree.Node | undefined {
  for (const statement of program.body) {
    if (statement.type !== 'VariableDeclaration' || statement.kind !== 'const') continue;
    for (const { id, init } of statement.declarations)
      if (id.type === 'Identifier' && id.name === name) return init ?? undefined;
  }
  return undefined;
}

/** Adds entries after the last element, in the way the list is written: on lines of their own, with a comma at the end or without. */
function appended(
  source: string,
  elements: readonly (TSESTree.Node | null)[],
  [from, to]: readonly [number, number],
  entries: readonly string[],
): Edit[] {
  const last = elements.findLast((each) => each !== null);
  if (!last) return [{ at: from + 1, text: entries.join(', ') }];
  const comma = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*,/.exec(source.slice(last.range[1], to - 1))?.[0];
  const lineStart = source.lastIndexOf('\n', last.range[0]) + 1;
  const before = source.slice(lineStart, last.range[0]);
  const gap = lineStart > from && /^\s*$/.test(before) ? `\n${before}` : ' ';
  const end = last.range[1] + (comma?.length ?? 0);
  // A comment behind the last entry stays behind it.
  const note = /^[ \t]*\/\/[^\n]*/.exec(source.slice(end, to - 1))?.[0] ?? '';
  const text = `${gap}${entries.join(`,${gap}`)}${comma === undefined ? '' : ','}`;
  return [...(comma === undefined ? [{ at: end, text: ',' }] : []), { at: end + note.length, text }];
}

function importOf(program: TSESTree.Program, name: string, isModule: boolean): Edit {
  const line = isModule ? `import ${name} from '${plugin}';` : `const { default: ${name} } = require('${plugin}');`;
  const last = program.body.findLast((each) => each.type === 'ImportDeclaration');
  if (isModule && last) return { at: last.range[1], text: `\n${line}` };
  const directive = program.body.findLast(
    (each) => each.type === 'ExpressionStatement' && 'directive' in each && each.directive !== undefined,
  );
  if (directive) return { at: directive.range[1], text: `\n${line}` };
  const first = program.body[0];
  return {
    at: first?.range[0] ?? 0,
    text: isModule || first?.type !== 'VariableDeclaration' ? `${line}\n\n` : `${line}\n`,
  };
}

function edited(source: string, edits: readonly Edit[]): string {
  const inOrder = edits
    .map((edit, index) => ({ edit, index }))
    .sort((a, b) => b.edit.at - a.edit.at || b.index - a.index);
  return inOrder
    .map(({ edit }) => edit)
    .reduce((text, { at, text: more }) => text.slice(0, at) + more + text.slice(at), source);
}
