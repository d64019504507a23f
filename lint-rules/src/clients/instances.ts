import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, classAround, isFunction, nameOf, returnsOf, unwrap } from '../ast.js';
import { type Source, initialValueOf, variableOf } from '../origin.js';
import { declarationOf } from './settings.js';

type Class = TSESTree.ClassDeclaration | TSESTree.ClassExpression;
/** Follows a name through this file and the files that it imports. */
type Follow = (node: Node) => Node;

/** What a member of an instance of a known class is: the value of a property, what a getter answers, or the method. */
export function memberOfInstance(source: Source, node: TSESTree.MemberExpression, follow: Follow): Node | undefined {
  const name = nameOf(node);
  const instance = name === undefined ? undefined : classOf(source, unwrap(node.object), follow);
  if (!instance) return undefined;
  const { type, isStatic } = instance;
  for (const each of type.body.body) {
    if (each.type !== 'MethodDefinition' && each.type !== 'PropertyDefinition') continue;
    if (each.computed || nameOf(each.key) !== name || each.static !== isStatic || !each.value) continue;
    if (each.type === 'PropertyDefinition') return each.readonly || isStatic ? each.value : undefined;
    if (each.kind === 'method') return each.value;
    const answers = each.kind === 'get' && isFunction(each.value) ? returnsOf(each.value) : [];
    return answers.length === 1 ? answers[0] : answers.find((answer) => unwrap(answer).type === 'ObjectExpression');
  }
  return undefined;
}

/** The class of `this`, of what `new` makes, of what has a written type, and a class itself. */
function classOf(
  source: Source,
  node: Node,
  follow: Follow,
): { readonly type: Class; readonly isStatic: boolean } | undefined {
  if (node.type === 'ThisExpression') return ofClass(classAround(node), false);
  const named = typeOf(source, node);
  if (named) return ofClass(classBehind(source, named, follow), false);
  if (node.type !== 'Identifier') return undefined;
  const value = follow(node);
  if (value.type === 'NewExpression') return ofClass(classBehind(source, value.callee, follow), false);
  const provided = providedBy(value);
  if (provided) return ofClass(classBehind(source, provided, follow), false);
  return ofClass(classBehind(source, value, follow), true);
}

/** `app.get(RmqService)` of NestJS is an instance of the class. */
function providedBy(value: Node): Node | undefined {
  const call = value.type === 'AwaitExpression' ? unwrap(value.argument) : value;
  if (call.type !== 'CallExpression' || !/^(?:get|resolve)$/.test(nameOf(call.callee) ?? '')) return undefined;
  const [first] = call.arguments;
  return first?.type === 'Identifier' && /^[A-Z]/.test(first.name) ? first : undefined;
}

function ofClass(type: Class | undefined, isStatic: boolean): { type: Class; isStatic: boolean } | undefined {
  return type && { type, isStatic };
}

function classBehind(source: Source, name: Node, follow: Follow): Class | undefined {
  const value = follow(name);
  if (value.type === 'ClassDeclaration' || value.type === 'ClassExpression') return value;
  const made = value.type === 'Identifier' ? (variableOf(source, value)?.defs[0]?.node as Node | undefined) : undefined;
  return made?.type === 'ClassDeclaration' ? made : undefined;
}

/** The name of the type that is written where a name is declared. */
function typeOf(source: Source, node: Node): TSESTree.Identifier | undefined {
  const type = annotationOf(source, node);
  return type?.type === 'TSTypeReference' && type.typeName.type === 'Identifier' ? type.typeName : undefined;
}

function annotationOf(source: Source, node: Node): TSESTree.TypeNode | undefined {
  const declared = declarationOf(source, node);
  return declared && 'typeAnnotation' in declared && declared.typeAnnotation?.type === 'TSTypeAnnotation'
    ? declared.typeAnnotation.typeAnnotation
    : undefined;
}

/** What `registerAs('db', () => ({ … }))` of NestJS answers, for a name of the type `ConfigType<typeof db>`. */
export function registeredConfig(source: Source, node: Node, follow: Follow): Node | undefined {
  const type = annotationOf(source, node);
  if (type?.type !== 'TSTypeReference' || nameOf(type.typeName) !== 'ConfigType') return undefined;
  const [of] = type.typeArguments?.params ?? [];
  const call = of?.type === 'TSTypeQuery' && of.exprName.type === 'Identifier' ? follow(of.exprName) : undefined;
  const factory = call?.type === 'CallExpression' ? call.arguments.at(-1) : undefined;
  if (nameOf(call?.type === 'CallExpression' ? call.callee : undefined) !== 'registerAs' || !factory) return undefined;
  const made = follow(factory);
  const [answer, ...others] = isFunction(made) ? returnsOf(made) : [];
  return others.length === 0 ? answer : undefined;
}

/** `dataSource.options` is what `new DataSource(…)` was given. */
export function optionsOf(source: Source, node: TSESTree.MemberExpression, follow: Follow): Node | undefined {
  if (nameOf(node) !== 'options' || node.object.type !== 'Identifier') return undefined;
  const made = follow(node.object);
  if (made.type !== 'NewExpression') return undefined;
  const variable = made.callee.type === 'Identifier' ? variableOf(source, made.callee) : undefined;
  const [first] = variable && initialValueOf(variable) ? [] : made.arguments;
  return first?.type === 'SpreadElement' ? undefined : first;
}
