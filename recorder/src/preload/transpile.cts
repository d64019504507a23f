/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- loaded only when a program needs it, and from the program's own folder */
/**
 * Runs TypeScript as it is written: types are taken off in place by sucrase, so line numbers stay true and no source map is needed.
 * What sucrase does not do (decorators, namespaces) goes to the TypeScript compiler.
 */
import path from 'node:path';
import vm from 'node:vm';

/** Wraps a program file, so that a parse error names its place. */
class ParseError extends SyntaxError {
  override readonly name = 'SyntaxError';
  constructor(file: string, cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const at = /\((?<line>\d+):(?<column>\d+)\)/.exec(said)?.groups;
    const clean = said.replace(/^Error transforming [^:]*: /, '').replace(/ ?\(\d+:\d+\)$/, '');
    super(clean);
    this.stack = `SyntaxError: ${clean}\n    at ${file}:${at?.['line'] ?? '1'}:${at?.['column'] ?? '1'}`;
  }
}

/** Decorators, namespaces and aliases of names; also comments that look like them, which costs a parse. */
const mayNeedCompiler = /(?:^|[\s;{}])(?:@[A-Za-z_$]|(?:namespace|module)\s|import\s+\w+\s*=)/m;
/** What is valid JavaScript to the eye of a parser, and yet not what was written. */
const needsCompiler =
  /(?:^|[;{}])\s*(?:export\s+)?(?:(?:namespace|module)\s+[\w.]+\s*\{|import\s+\w+\s*=(?!\s*require\b))/m;
/** `import()` of the program's own files: they are not what Node's own loader reads. */
const ownDynamicImport = /\bimport\(\s*(['"])(?<file>\.[^'"]*)\1\s*\)/g;
/** Without interop the default of a package would be undefined, which no program that compiles means. */
const defaultImport = /^\s*import\s+(?!type\b)[A-Za-z_$][\w$]*\s*(?:,[^;]*?)?from\s*['"][^.'"]/m;

/** A TypeScript file as JavaScript, `commonjs` or `esm`. */
export function transpile(
  file: string,
  written: string,
  format: 'commonjs' | 'esm',
  withoutInterop: boolean,
  fallbackRoot: string,
): string {
  const source =
    format === 'esm'
      ? written
      : written.replace(
          ownDynamicImport,
          (_all, _quote, name: string) => `Promise.resolve().then(() => require('${name}'))`,
        );
  const legacyInterop = withoutInterop && !defaultImport.test(source);
  const compile = (cause: unknown): string => withCompiler(file, source, format, legacyInterop, fallbackRoot, cause);
  const { transform }: typeof import('sucrase') = require('sucrase');
  const jsx = file.endsWith('x');
  const transforms: import('sucrase').Transform[] = ['typescript'];
  if (jsx) transforms.push('jsx');
  if (format === 'commonjs') transforms.push('imports');
  try {
    const { code } = transform(source, {
      transforms,
      filePath: file,
      preserveDynamicImport: true,
      enableLegacyTypeScriptModuleInterop: legacyInterop,
      disableESTransforms: true,
      ...(jsx ? { jsxRuntime: 'automatic' as const, production: true } : {}),
    });
    if (!mayNeedCompiler.test(source)) return code;
    if (format === 'commonjs') new vm.Script(`(async function(){${code}\n})`);
    if (!needsCompiler.test(source)) return code;
  } catch (error) {
    if (!/decorator|namespace|@/i.test(source)) throw new ParseError(file, error);
    return compile(error);
  }
  return compile(undefined);
}

function withCompiler(
  file: string,
  source: string,
  format: 'commonjs' | 'esm',
  legacyInterop: boolean,
  fallbackRoot: string,
  cause: unknown,
): string {
  let ts: typeof import('typescript');
  try {
    ts = require(
      require.resolve('typescript', { paths: [path.dirname(file), fallbackRoot] }),
    ) as typeof import('typescript');
  } catch {
    throw new ParseError(
      file,
      cause ?? new Error('decorators and namespaces need the typescript package beside the program'),
    );
  }
  const { outputText, diagnostics } = ts.transpileModule(source, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2020,
      module: format === 'commonjs' ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      esModuleInterop: !legacyInterop,
      inlineSourceMap: true,
    },
  });
  // What it says about options is no fault of the program.
  const first = diagnostics?.find(({ file: about }) => about !== undefined);
  if (first !== undefined) {
    const place = ts.getLineAndCharacterOfPosition(
      ts.createSourceFile(file, source, ts.ScriptTarget.ES2020),
      first.start ?? 0,
    );
    const message = ts.flattenDiagnosticMessageText(first.messageText, ' ');
    throw new ParseError(file, new Error(`${message} (${place.line + 1}:${place.character + 1})`));
  }
  return outputText;
}
