import type { TSESTree } from '@typescript-eslint/utils';
import type { Source } from './origin.js';

const remembered = new WeakMap<object, ReadonlySet<string>>();
const calls = /\b(?:require|import|__importStar|__importDefault)\s*\(\s*['"`]([^'"`\n]+)['"`]/g;

/** The modules that a file names: in imports, in re-exports, in `require` and in `import()`. Looked up once for all rules. */
export function modulesOf(source: Source): ReadonlySet<string> {
  const known = remembered.get(source.ast);
  if (known) return known;
  const found = new Set<string>();
  for (const node of source.ast.body.flatMap(statementsIn)) {
    if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') found.add(plain(node.source.value));
    else if (node.type === 'ExportNamedDeclaration' && node.source) found.add(plain(node.source.value));
    else if (node.type === 'TSImportEqualsDeclaration' && node.moduleReference.type === 'TSExternalModuleReference') {
      const { expression } = node.moduleReference;
      if (expression.type === 'Literal' && typeof expression.value === 'string') found.add(plain(expression.value));
    }
  }
  const { text } = source;
  if (text.includes('require') || text.includes('import('))
    for (const [, module] of text.matchAll(calls)) if (module !== undefined) found.add(plain(module));
  remembered.set(source.ast, found);
  return found;
}

/** Svelte keeps the statements of a component inside of its script elements. */
function statementsIn(node: TSESTree.ProgramStatement): readonly TSESTree.ProgramStatement[] {
  const { type, body } = node as { readonly type: string; readonly body?: unknown };
  return type === 'SvelteScriptElement' && Array.isArray(body) ? (body as TSESTree.ProgramStatement[]) : [node];
}

/** True when the file names any of the modules. */
export function namesAnyOf(source: Source, modules: ReadonlySet<string>): boolean {
  for (const each of modulesOf(source)) if (modules.has(each)) return true;
  return false;
}

function plain(module: string): string {
  return module.startsWith('node:') ? module.slice(5) : module;
}
