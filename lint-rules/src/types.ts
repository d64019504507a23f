import type { ParserServicesWithTypeInformation, TSESTree } from '@typescript-eslint/utils';
import type { Node } from './ast.js';
import type { Source } from './origin.js';

/** `ts.SymbolFlags.Alias`: what an import or a re-export makes. TypeScript itself is the user's, and is not loaded from here. */
const alias = 2_097_152;
/** `ts.SymbolFlags.Class`. */
const aClass = 32;

type TsSymbol = NonNullable<ReturnType<ParserServicesWithTypeInformation['getSymbolAtLocation']>>;
type TsType = ReturnType<ParserServicesWithTypeInformation['getTypeAtLocation']>;

function typesOf(source: Source): ParserServicesWithTypeInformation | undefined {
  const services = source.parserServices;
  return services?.program ? (services as ParserServicesWithTypeInformation) : undefined;
}

/** True when the parser brought type information along. */
export function hasTypes(source: Source): boolean {
  return typesOf(source) !== undefined;
}

/** A function or a class by the package that declares it. */
export interface Declared {
  readonly package: string;
  readonly name: string;
}

/** What a callee is called where it is declared, through imports and re-exports of other files; for `new`, base classes too. */
export function declarationsOf(source: Source, node: TSESTree.NewExpression | TSESTree.CallExpression): Declared[] {
  const services = typesOf(source);
  if (!services) return [];
  const checker = services.program.getTypeChecker();
  const written = services.getSymbolAtLocation(
    node.callee.type === 'MemberExpression' ? node.callee.property : node.callee,
  );
  const symbol = written && (written.flags & alias) !== 0 ? checker.getAliasedSymbol(written) : written;
  const symbols: TsSymbol[] = symbol ? [symbol] : [];
  if (node.type === 'NewExpression') {
    // What a class extends is known without working out which constructor is called, and with what.
    const made = symbol && (symbol.flags & aClass) !== 0 ? checker.getDeclaredTypeOfSymbol(symbol) : undefined;
    symbols.push(...basesOf(made ?? services.getTypeAtLocation(node)));
  }
  return symbols.flatMap((each) => {
    const name = packageOf(each.declarations?.[0]?.getSourceFile().fileName ?? '');
    return name === undefined ? [] : [{ package: name, name: each.name }];
  });
}

function basesOf(type: TsType, depth = 0): TsSymbol[] {
  const bases = depth < 5 && type.isClassOrInterface() ? (type.getBaseTypes() ?? []) : [];
  const own = (type as { readonly symbol?: TsSymbol }).symbol;
  return [...(own ? [own] : []), ...bases.flatMap((each) => basesOf(each, depth + 1))];
}

/** `pg` of `…/node_modules/@types/pg/index.d.ts`, `@a/b` of `…/@types/a__b/…`. */
function packageOf(file: string): string | undefined {
  const inside = file.replaceAll('\\', '/').split('/node_modules/').at(-1);
  if (inside === undefined || inside === file) return undefined;
  const [first = '', second = ''] = inside.split('/');
  if (first !== '@types') return first.startsWith('@') ? `${first}/${second}` : first;
  return second.includes('__') ? `@${second.replace('__', '/')}` : second;
}

/** Whether the value is called again or is a text, by its type; nothing without types, and for what may be either. */
export function typedBinding(source: Source, node: Node): 'function' | 'captured' | undefined {
  const services = typesOf(source);
  if (!services) return undefined;
  const type = services.getTypeAtLocation(node);
  const parts = type.isUnion() ? type.types : [type];
  const kinds = parts.map((each) => kindOf(services, each)).filter((each) => each !== 'nothing');
  return kinds.length > 0 && kinds.every((each) => each === kinds[0]) && kinds[0] !== 'other' ? kinds[0] : undefined;
}

function kindOf(
  services: ParserServicesWithTypeInformation,
  type: TsType,
): 'function' | 'captured' | 'nothing' | 'other' {
  if (type.getCallSignatures().length > 0) return 'function';
  if (type.isStringLiteral()) return 'captured';
  const text = services.program.getTypeChecker().typeToString(type);
  if (text === 'string') return 'captured';
  return text === 'undefined' || text === 'null' ? 'nothing' : 'other';
}
