import path from 'node:path';
import type { TSESTree } from '@typescript-eslint/utils';
import { type Callable, type Node, classAround, isFunction, keyOf, nameOf, unwrap, walk } from './ast.js';
import { placesOf } from './aliases.js';
import { exportOf, importOf } from './imports.js';
import { placeOf, variableOf } from './origin.js';
import { packageOf } from './package-scan.js';
import { indexOfParameter } from './parameters.js';
import { type FileContext, programOf } from './project-file.js';
import { traced } from './value.js';

/** Of the files that load a function, so many are read. */
const most = 30;
const extension = /\.[cm]?[jt]sx?$/;
const notOfTheProgram = /(?:^|[\\/])(?:examples?|samples?|demos?|benchmarks?|scripts?|docs?)[\\/]/i;

/** What the other files of the package give for a name that a function of this file, or a class, takes as a parameter. */
export function callsElsewhere(context: FileContext, node: Node): Node[] {
  const taken = parameterBehind(context, node);
  if (!taken || placeOf(node)) return [];
  const names = namesOf(context, taken.callable);
  if (names.length === 0) return [];
  const { own, files } = importersOf(context);
  return files.flatMap((file) => callsIn(context, file, { own, names, index: taken.index }));
}

interface Taken {
  readonly callable: Callable;
  readonly index: number;
}

function parameterBehind({ sourceCode: source }: FileContext, node: Node): Taken | undefined {
  const bare = unwrap(node);
  if (bare.type === 'MemberExpression' && bare.object.type === 'ThisExpression') {
    const kept = keptBy(bare, nameOf(bare) ?? '');
    return kept && placeIn(kept.callable, kept.name);
  }
  const definition = bare.type === 'Identifier' ? variableOf(source, bare)?.defs[0] : undefined;
  const around = definition?.node as Node | undefined;
  return definition && around && isFunction(around) ? placeIn(around, definition.name) : undefined;
}

/** The constructor that keeps a parameter under a name, and that parameter. */
function keptBy(member: Node, name: string): { readonly callable: Callable; readonly name: Node } | undefined {
  const maker = classAround(member)?.body.body.find(
    (each) => each.type === 'MethodDefinition' && each.kind === 'constructor',
  );
  if (maker?.type !== 'MethodDefinition' || !isFunction(maker.value)) return undefined;
  const callable = maker.value;
  const property = callable.params.find(
    (each) => each.type === 'TSParameterProperty' && nameOf(each.parameter) === name,
  );
  if (property?.type === 'TSParameterProperty') return { callable, name: property.parameter };
  let found: Node | undefined;
  walk(callable.body, (each) => {
    if (each.type === 'AssignmentExpression' && each.left.type === 'MemberExpression' && nameOf(each.left) === name)
      if (each.left.object.type === 'ThisExpression' && each.right.type === 'Identifier') found = each.right;
    return found === undefined;
  });
  const given = callable.params.find((each) => found && nameOf(each) === nameOf(found));
  return given && { callable, name: given };
}

function placeIn(callable: Callable, name: Node): Taken | undefined {
  const index = indexOfParameter(callable, name);
  return index < 0 ? undefined : { callable, index };
}

/** The names under which this file exports a function, or the class whose constructor it is. */
function namesOf({ sourceCode: { ast } }: FileContext, callable: Callable): string[] {
  const isMaker = callable.parent.type === 'MethodDefinition' && callable.parent.kind === 'constructor';
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

const bareOf = (file: string) => file.replace(extension, '');

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

function importersOf(context: FileContext): Importers {
  const own = [bareOf(context.filename)];
  const around = packageOf(context);
  if (!around) return { own, files: [] };
  const importing = () =>
    around.sources
      .filter(({ file }) => file !== context.filename && !notOfTheProgram.test(path.relative(around.root, file)))
      .filter(({ file, modules }) => modules.some((each) => isOneOf(own, context.cwd, file, each)))
      .slice(0, most)
      .map(({ file }) => file);
  const direct = importing();
  const barrels = direct.filter((each) => programBeside(context, each)?.body.some((one) => handsOn(one)));
  if (barrels.length === 0) return { own, files: direct };
  own.push(...barrels.map(bareOf));
  return { own, files: importing() };
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
}

function callsIn(context: FileContext, file: string, { own, names, index }: Sought): Node[] {
  const program = programBeside(context, file);
  const other = program && placeOf(program);
  if (!other) return [];
  const found: Node[] = [];
  walk(program, (node) => {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return true;
    const argument = node.arguments[index];
    const imported = argument && importOf(other.source, node.callee);
    if (imported && names.includes(imported.name) && isOneOf(own, context.cwd, file, imported.module))
      found.push(argument);
    return true;
  });
  return found;
}
