import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { placesOf } from './aliases.js';
import { statsOf, textIn } from './file-stats.js';
import { bareOf } from './folders.js';
import { type Source, ofOtherFile, otherFileOf } from './origin.js';

/** What a rule knows of the file that it looks at. */
export interface FileContext {
  readonly filename: string;
  readonly cwd: string;
  readonly sourceCode: Source;
  readonly languageOptions: TSESLint.FlatConfig.LanguageOptions;
}

const most = { files: 100, bytes: 500_000 };
const parsed = new Map<string, { readonly changed: number; readonly program: TSESTree.Program | undefined }>();
const endings = ['.ts', '.tsx', '.mts', '.cts', '.d.ts', '.js', '.mjs', '.cjs', '/index.ts', '/index.js'];

const looked = new WeakMap<object, Map<string, TSESTree.Program | undefined>>();

/** A file of the project, read with the parser of the file that imports it; nothing where it cannot be read. Looked up once while a file is linted. */
export function programOf(context: FileContext, module: string): TSESTree.Program | undefined {
  const { ast } = context.sourceCode;
  const known = looked.get(ast) ?? new Map<string, TSESTree.Program | undefined>();
  if (known.has(module)) return known.get(module);
  const found = lookUp(context, module, () => true);
  // A file beside the linted one is kept for longer, and what it imports may change.
  if (!otherFileOf(ast)) looked.set(ast, known.set(module, found));
  return found;
}

/** The same, where the file says the name or passes on what others export: an index may name a hundred files, and one of them has it. */
export function programWith(context: FileContext, module: string, name: string): TSESTree.Program | undefined {
  return lookUp(context, module, (text) => name === 'default' || text.includes(name) || passesOn.test(text));
}

/** True for a file of the project that is not there, as one with secrets that no repository holds. */
export function isAbsent(context: FileContext, module: string): boolean {
  if (!/^\.\.?\//.test(module)) return false;
  const places = placesOf(context, module).flatMap((each) => [each, bareOf(each)]);
  return places.every((place) => ['', ...endings, '.json', '/index.json'].every((each) => !statsOf(place + each)));
}

const passesOn = /export\s*\*/;

type Wanted = (text: string) => boolean;

function lookUp(context: FileContext, module: string, isWanted: Wanted): TSESTree.Program | undefined {
  for (const place of placesOf(context, module)) {
    const found = module.endsWith('.json') ? programIn(context, place, isWanted) : programAt(context, place, isWanted);
    if (found) return found;
  }
  return undefined;
}

function programAt(context: FileContext, place: string, isWanted: Wanted): TSESTree.Program | undefined {
  const bare = bareOf(place);
  for (const ending of endings) {
    const found = programIn(context, bare + ending, isWanted);
    if (found) return found;
  }
  return undefined;
}

function programIn(context: FileContext, file: string, isWanted: Wanted): TSESTree.Program | undefined {
  const stats = statsOf(file);
  if (!stats?.isFile() || stats.size > most.bytes) return undefined;
  const known = parsed.get(file);
  if (known?.changed === stats.mtimeMs) return known.program;
  const text = textIn(file);
  if (text === undefined || !isWanted(text)) return undefined;
  const program = parse(context, file, text);
  if (parsed.size >= most.files) parsed.clear();
  parsed.set(file, { changed: stats.mtimeMs, program });
  return program;
}

function parse(context: FileContext, file: string, written: string): TSESTree.Program | undefined {
  const { parser } = context.languageOptions;
  const isData = file.endsWith('.json');
  // A parser would take the name of a JSON file to mean JSON.
  const filePath = isData ? `${file}.js` : file;
  const options = { sourceType: 'module', ecmaVersion: 'latest', filePath, range: true, loc: true } as const;
  try {
    const text = (isData ? 'module.exports = ' : '') + written;
    if (!parser || !('parseForESLint' in parser)) return parser?.parse(text, options) as TSESTree.Program | undefined;
    const result = parser.parseForESLint(text, { ...options, tokens: true, comment: true });
    const SourceCode = context.sourceCode.constructor as new (given: object) => Source & { traverse(): unknown };
    // `traverse` tells each node its parent.
    if (result.scopeManager) {
      const source = new SourceCode({ text, ...result, parserServices: {} });
      source.traverse();
      ofOtherFile(source, file);
    }
    return result.ast as TSESTree.Program;
  } catch {
    // A file that this parser does not read, such as TypeScript in a project that lints JavaScript, says nothing.
    return undefined;
  }
}
