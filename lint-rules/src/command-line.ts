import path from 'node:path';
import { takesObjectsAlone } from './callers.js';
import { opensPort } from './file-kind.js';
import { bareOf, foldersAbove } from './folders.js';
import type { LoadingFile } from './loads.js';
import { type Manifest, manifestIn, rangesIn, textsIn } from './manifest.js';
import { packageOf } from './package-scan.js';
import type { FileContext } from './project-file.js';

const remembered = new WeakMap<object, boolean>();
const rememberedMakers = new WeakMap<object, boolean>();

/**
 * True for a file that a `package.json` gives to the command line of an object mapper, and that no other source of its
 * package loads: what it holds lives for one command.
 */
export function isForOneCommand(context: FileContext): boolean {
  return rememberedIn(remembered, context, () => isNamedForCommands(context) && !isLoaded(context, () => false));
}

/** As `isForOneCommand` for the clients that the file makes, also where others take plain objects from it. */
export function makesForOneCommand(context: FileContext): boolean {
  return rememberedIn(
    rememberedMakers,
    context,
    () => isNamedForCommands(context) && !isLoaded(context, ({ file }) => takesObjectsAlone(context, file)),
  );
}

function rememberedIn(
  memory: WeakMap<object, boolean>,
  { sourceCode: source }: FileContext,
  look: () => boolean,
): boolean {
  const known = memory.get(source.ast);
  if (known !== undefined) return known;
  const found = !opensPort(source) && look();
  memory.set(source.ast, found);
  return found;
}

function isNamedForCommands(context: FileContext): boolean {
  const file = bareOf(context.filename);
  let isNamed = false;
  for (const folder of foldersAbove(context)) {
    const { byCommandLine, byOthers } = namedIn(manifestIn(folder), folder);
    if (byOthers.has(file)) return false;
    isNamed ||= byCommandLine.has(file);
  }
  return isNamed;
}

/** The files that a manifest may name, without their endings. */
interface Named {
  readonly byCommandLine: ReadonlySet<string>;
  readonly byOthers: ReadonlySet<string>;
}

const named = new WeakMap<Manifest, Named>();

function namedIn(manifest: Manifest, folder: string): Named {
  const known = named.get(manifest);
  if (known) return known;
  const uses = usesIn(manifest, folder);
  const filesOf = (byCommandLine: boolean) =>
    new Set(uses.flatMap((each) => (each.byCommandLine === byCommandLine ? filesMeant(each.file, each.from) : [])));
  const found = { byCommandLine: filesOf(true), byOthers: filesOf(false) };
  named.set(manifest, found);
  return found;
}

/** A word of a manifest that may be a file. */
interface Use {
  readonly file: string;
  readonly from: string;
  readonly byCommandLine: boolean;
}

function usesIn(manifest: Manifest, from: string): Use[] {
  const { scripts, 'mikro-orm': mikroOrm, main, module, exports, bin } = manifest;
  const configs = textsIn((mikroOrm as { readonly configPaths?: unknown } | undefined)?.configPaths);
  return [
    ...textsIn(scripts).flatMap((each) => usesOfScript(each, from)),
    ...configs.map((file) => ({ file, from, byCommandLine: true })),
    ...textsIn([main, module, exports, bin]).map((file) => ({ file, from, byCommandLine: false })),
  ];
}

/** The programs of object mappers for the command line, and the options that name a file whose pool they use. */
const commandLines = [
  {
    program:
      /(?:^|\/)typeorm(?:-[a-z-]+)?(?:(?:\/bin)?\/cli[\w-]*)?(?:\.[cm]?js)?$|^(?:migration|schema|seed|db):[a-z]+$/,
    option: /^(?:-d|--data-?source)$/i,
  },
  { program: /(?:^|\/)knex(?:\/bin\/cli)?(?:\.js)?$/, option: /^--knexfile$/ },
  { program: /(?:^|\/)mikro-orm(?:-esm)?$/, option: /^(?:--config|MIKRO_ORM_CLI(?:_CONFIG)?)$/ },
  { program: /(?:^|\/)sequelize(?:-cli)?$/, option: /^--(?:config|options-path)$/ },
];

/** Options, variables, addresses and names of scripts. */
const notFiles = /^$|^[-$&<>]|[:*]/;

/** What stands before a file that has no ending and no folder: `node server`. */
const runs = /^(?:-.*|node|nodemon|ts-node|ts-node-dev|tsx|bun|deno|run|start|pm2|babel-node)$/;

function usesOfScript(script: string, manifestFolder: string): Use[] {
  let from = manifestFolder;
  return script.split(/&&|\|\||[;|]/).flatMap((command) => {
    const words = command.replaceAll(/["']/g, '').split(/[\s=]+/);
    const [first, second] = words.filter((each) => each !== '');
    if (first === 'cd' && second !== undefined) from = path.resolve(from, second);
    const options = commandLines.filter(({ program }) => words.some((each) => program.test(each)));
    return words.flatMap((file, index) => {
      const isGiven = options.some(({ option }) => option.test(words[index - 1] ?? ''));
      const isNamed = /[./\\]/.test(file) || runs.test(words[index - 1] ?? '');
      const mayBeFile = isGiven || (options.length === 0 && isNamed && !notFiles.test(file));
      return mayBeFile ? [{ file, from, byCommandLine: isGiven }] : [];
    });
  });
}

const built = /^(?:dist|build|out|lib|output)[\\/]/;

/** The files that a path may mean: as it stands, as a folder, or as what is built from it. */
function filesMeant(name: string, from: string): string[] {
  const full = bareOf(path.resolve(from, name));
  const below = path.relative(from, full);
  const rest = built.test(below) ? below.replace(built, '') : undefined;
  const files = rest === undefined ? [full] : [full, path.join(from, rest), path.join(from, 'src', rest)];
  return files.flatMap((each) => [each, path.join(each, 'index')]);
}

/** True where another source may load the file, unless that takes nothing that matters. */
function isLoaded(context: FileContext, isHarmless: (source: LoadingFile) => boolean): boolean {
  const around = packageOf(context);
  if (!around) return true;
  const file = bareOf(context.filename);
  const packages = Object.keys(rangesIn(manifestIn(around.root)));
  return around.sources.some(
    (each) =>
      each.file !== context.filename &&
      mayLoad(each, file, around.root, packages) &&
      (each.loadsUnknown || !isHarmless(each)),
  );
}

function mayLoad(
  { file: importer, modules, loadsUnknown }: LoadingFile,
  file: string,
  root: string,
  packages: readonly string[],
): boolean {
  if (loadsUnknown) return true;
  const folder = path.dirname(importer);
  return modules.some((module) => {
    if (/^\.\.?(?:\/|\*?$)/.test(module)) {
      if (!module.endsWith('*')) return filesMeant(path.resolve(folder, module), root).includes(file);
      const start = path.resolve(folder, module.slice(0, module.lastIndexOf('/') + 1));
      return file.startsWith(start);
    }
    if (packages.some((each) => module === each || module.startsWith(`${each}/`))) return false;
    return module.endsWith('*') || namesByAlias(module, file);
  });
}

/** An alias of a folder may stand for any; the name of the file is kept. */
function namesByAlias(module: string, file: string): boolean {
  const [last, folder] = [path.basename(file), path.basename(path.dirname(file))];
  const name = bareOf(/[^/#~@]*$/.exec(module)?.[0] ?? '');
  return name === last || (last === 'index' && name === folder);
}
