import path from 'node:path';
import type { TSESTree } from '@typescript-eslint/utils';
import { type Callable, type Node, classAround, keyOf, nameOf, walk } from './ast.js';
import { placesOf } from './aliases.js';
import { textIn } from './file-stats.js';
import { bareOf } from './folders.js';
import { exportOf, importOf } from './imports.js';
import { placeOf } from './origin.js';
import type { LoadingFile } from './loads.js';
import { manifestIn } from './manifest.js';
import { type PackageFacts, packageOf } from './package-scan.js';
import { type Taken, staticNameOf } from './parameters.js';
import { type FileContext, programOf } from './project-file.js';
import { traced } from './value.js';
import { dependentsOf } from './workspaces.js';

/** Of the files that load a function, so many are read. */
const most = 30;
const notOfTheProgram = /(?:^|[\\/])(?:examples?|samples?|demos?|benchmarks?|scripts?|docs?)[\\/]/i;

/** What the other files of the package call a function of this file with, or a class, for one of its parameters. */
export function callsElsewhere(context: FileContext, { callable, index }: Taken): Node[] {
  const names = namesOf(context, callable);
  if (names.length === 0) return [];
  const { own, files } = importersOf(context, names);
  const member = staticNameOf(callable);
  return files.flatMap((file) => callsIn(context, file, { own, names, index, member }));
}

/** The names under which this file exports a function, or the class whose constructor it is. */
function namesOf({ sourceCode: { ast } }: FileContext, callable: Callable): string[] {
  const { parent } = callable;
  const isMaker = parent.type === 'MethodDefinition' && (parent.kind === 'constructor' || parent.static);
  const exported: Node | undefined = isMaker ? classAround(callable) : callable;
  const holder = exported?.parent;
  const id =
    exported && 'id' in exported && exported.id
      ? exported.id
      : holder?.type === 'VariableDeclarator' && holder.init === exported
        ? holder.id
        : undefined;
  const own = nameOf(id) ?? (holder?.type === 'AssignmentExpression' ? nameOf(holder.left) : undefined);
  const property = holder?.type === 'Property' ? keyOf(holder) : undefined;
  const candidates = ['default', own, property].filter((each) => each !== undefined);
  return candidates.filter((each) => {
    const found = exportOf(ast, each);
    return found !== undefined && (found === exported || (found.type === 'Identifier' && found.name === own));
  });
}

/** True where a module that a file names is one of these files. */
function isOneOf(files: readonly string[], cwd: string, importer: string, module: string): boolean {
  const last = bareOf(path.basename(module));
  const likely = files.filter((each) => path.basename(each) === last || path.basename(each) === 'index');
  if (likely.length === 0) return false;
  const places = placesOf({ filename: importer, cwd }, module).map(bareOf);
  return likely.some((each) => places.some((place) => place === each || path.join(place, 'index') === each));
}

/** True where a file takes nothing from the one that is linted but plain objects that it exports. */
export function takesObjectsAlone(context: FileContext, file: string): boolean {
  const { sourceCode: source } = context;
  const { body = [] } = programBeside(context, file) ?? {};
  const imports = body.filter((each) => each.type === 'ImportDeclaration');
  const files = [bareOf(context.filename)];
  const own = imports.filter((each) => isOneOf(files, context.cwd, file, each.source.value));
  return (
    own.length > 0 &&
    !body.some((each) => loads(each)) &&
    own.every(({ specifiers }) =>
      specifiers.every((each) => {
        const exported =
          each.type === 'ImportSpecifier' ? exportOf(source.ast, nameOf(each.imported) ?? '') : undefined;
        return exported !== undefined && traced(source, exported).type === 'ObjectExpression';
      }),
    )
  );
}

/** `require` and re-exports hand everything on. */
function loads(statement: TSESTree.ProgramStatement): boolean {
  return (
    handsOn(statement) ||
    (statement.type === 'VariableDeclaration' &&
      statement.declarations.some(({ init }) => init?.type === 'CallExpression' && nameOf(init.callee) === 'require'))
  );
}

function programBeside(context: FileContext, file: string): TSESTree.Program | undefined {
  const relative = path.relative(path.dirname(context.filename), file);
  return programOf(context, relative.startsWith('.') ? relative : `./${relative}`);
}

interface Importers {
  /** The linted file, and the files that hand on what it exports; without their endings. */
  readonly own: readonly string[];
  readonly files: readonly string[];
}

function importersOf(context: FileContext, names: readonly string[]): Importers {
  const own = [bareOf(context.filename)];
  const around = packageOf(context);
  if (!around) return { own, files: [] };
  const { name } = manifestIn(around.root);
  const dependents = typeof name === 'string' ? dependentsOf(context, name) : [];
  const sources = dependents.flatMap((each) => sourcesOf(context, each)).concat(sourcesIn(around));
  const importing = (isWanted: (text: string) => boolean) =>
    sources
      .filter(({ file, modules }) => modules.some((each) => isOneOf(own, context.cwd, file, each)))
      .filter(({ file }) => file !== context.filename && !own.includes(bareOf(file)) && isWanted(textIn(file) ?? ''))
      .slice(0, most)
      .map(({ file }) => file);
  // An index may be handed on by another.
  for (let step = 0; step < mostBarrels; step++) {
    const barrels = importing((text) => passing.test(text)).filter((each) =>
      programBeside(context, each)?.body.some((one) => handsOn(one)),
    );
    if (barrels.length === 0) break;
    own.push(...barrels.map(bareOf));
  }
  return { own, files: importing((text) => names.some((each) => each === 'default' || text.includes(each))) };
}

const passing = /export\s*[*{]/;
const mostBarrels = 4;

function sourcesOf({ cwd }: FileContext, folder: string): readonly LoadingFile[] {
  const around = packageOf({ filename: path.join(folder, 'package.json'), cwd });
  return around ? sourcesIn(around) : [];
}

function sourcesIn({ root, sources }: PackageFacts): readonly LoadingFile[] {
  return sources.filter(({ file }) => !notOfTheProgram.test(path.relative(root, file)));
}

/** `export * from './a'` and `export { name } from './a'` */
function handsOn(statement: TSESTree.ProgramStatement): boolean {
  return (
    statement.type === 'ExportAllDeclaration' ||
    (statement.type === 'ExportNamedDeclaration' && statement.source !== null)
  );
}

interface Sought {
  readonly own: readonly string[];
  readonly names: readonly string[];
  readonly index: number;
  /** The static method of a class that is called by one of the names. */
  readonly member: string | undefined;
}

function callsIn(context: FileContext, file: string, { own, names, index, member }: Sought): Node[] {
  const program = programBeside(context, file);
  const other = program && placeOf(program);
  if (!other) return [];
  const found: Node[] = [];
  walk(program, (node) => {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return true;
    const argument = node.arguments[index];
    const callee = member === undefined ? node.callee : ownerOf(node.callee, member);
    const imported = argument && callee && importOf(other.source, callee);
    if (imported && names.includes(imported.name) && isOneOf(own, context.cwd, file, imported.module))
      found.push(argument);
    return true;
  });
  return found;
}

/** The class of `Class.member`. */
function ownerOf(callee: Node, member: string): Node | undefined {
  return callee.type === 'MemberExpression' && nameOf(callee) === member ? callee.object : undefined;
}
