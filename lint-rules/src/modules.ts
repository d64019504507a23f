import type { TSESTree } from '@typescript-eslint/utils';
import { nameOf, textOf } from './ast.js';
import type { Source } from './origin.js';
import { oncePerFile } from './per-file.js';

interface Modules {
  readonly names: ReadonlySet<string>;
  /** It has a `require` or an `import()`. */
  readonly loads: boolean;
}

const loading = /(?:require|import)\s*\(/;
const calls = /\b(?:require|import)\s*\(\s*['"`]([^'"`\n]+)['"`]/g;

/** The modules that a file names: in imports, in re-exports, in `require` and in `import()`. Looked up once for all rules. */
export function modulesOf(source: Source): ReadonlySet<string> {
  return lookUp(source).names;
}

const lookUp = oncePerFile(({ ast, text }: Source): Modules => {
  const names = new Set<string>();
  collect(ast.body, names);
  const loads = loading.test(text);
  if (loads) for (const [, module] of text.matchAll(calls)) if (module !== undefined) names.add(plain(module));
  return { names, loads };
});

function collect(statements: readonly TSESTree.ProgramStatement[], found: Set<string>): void {
  for (const node of statements) {
    switch (node.type as string) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration': {
        const { source } = node as TSESTree.ImportDeclaration | TSESTree.ExportNamedDeclaration;
        if (source) found.add(plain(source.value));
        break;
      }
      case 'TSImportEqualsDeclaration': {
        const { moduleReference } = node as TSESTree.TSImportEqualsDeclaration;
        const module =
          moduleReference.type === 'TSExternalModuleReference' ? textOf(moduleReference.expression) : undefined;
        if (module !== undefined) found.add(plain(module));
        break;
      }
      // Svelte keeps the statements of a component inside of its script elements.
      case 'SvelteScriptElement':
        collect((node as unknown as TSESTree.Program).body, found);
    }
  }
}

/** The names that are imported in braces from a module that the file names; nothing where it may use any other member of it as well. */
export function takenFrom(source: Source, module: string): ReadonlySet<string> | undefined {
  if (lookUp(source).loads) return undefined;
  const taken = new Set<string>();
  for (const node of source.ast.body) {
    if (node.type !== 'ImportDeclaration' || plain(node.source.value) !== module) continue;
    for (const each of node.specifiers) {
      const name = each.type === 'ImportSpecifier' ? nameOf(each.imported) : 'default';
      if (name === undefined || name === 'default') return undefined;
      taken.add(name);
    }
  }
  return taken.size === 0 ? undefined : taken;
}

/** True when the file names any of the modules. */
export function namesAnyOf(source: Source, modules: ReadonlySet<string>): boolean {
  for (const each of modulesOf(source)) if (modules.has(each)) return true;
  return false;
}

function plain(module: string): string {
  return module.startsWith('node:') ? module.slice(5) : module;
}
