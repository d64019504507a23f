import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, nameOf, unwrap, walk } from '../ast.js';
import { kindOf } from '../credentials/names.js';
import { modulesOf } from '../modules.js';
import { type Source, initialValueOf, originOf, variableOf } from '../origin.js';
import { oncePerFile } from '../per-file.js';

/** True for a program, or a part of one, that makes resources with Pulumi. */
export const isPulumi = oncePerFile((source: Source) => {
  for (const each of modulesOf(source)) if (each.startsWith('@pulumi/')) return true;
  return false;
});

/** The members below the module where an expression comes from Pulumi: `secretsmanager.Secret` of `new aws.secretsmanager.Secret()`. */
export function pulumiMember(source: Source, node: Node): string | undefined {
  const origin = originOf(source, node);
  if (!origin?.module.startsWith('@pulumi/')) return undefined;
  const below = origin.module.split('/').slice(2);
  return [...below, ...origin.members].join('.');
}

/** True for an object of `pulumi.Config`: made here, or a parameter with that type. */
export function isConfig(source: Source, node: Node): boolean {
  const bare = unwrap(node);
  const origin = originOf(source, bare);
  if (origin) return origin.module === '@pulumi/pulumi' && origin.members.join('.') === 'Config.()';
  if (bare.type !== 'Identifier') return false;
  const definition = variableOf(source, bare)?.defs[0];
  if (definition?.name.type !== 'Identifier') return false;
  const type = definition.name.typeAnnotation?.typeAnnotation;
  if (type?.type !== 'TSTypeReference') return false;
  const name = type.typeName.type === 'TSQualifiedName' ? type.typeName.left : type.typeName;
  const from = name.type === 'Identifier' ? variableOf(source, name)?.defs[0] : undefined;
  if (from?.parent?.type !== 'ImportDeclaration' || from.parent.source.value !== '@pulumi/pulumi') return false;
  return (type.typeName.type === 'TSQualifiedName' ? type.typeName.right.name : nameOf(name)) === 'Config';
}

/** The name of the credential that an expression gives, followed through constants, texts and `apply`; nothing for ids, names and lengths of one. */
export function credentialGivenBy(source: Source, node: Node, depth = 0): string | undefined {
  if (depth > 6) return undefined;
  const bare = unwrap(node);
  switch (bare.type) {
    case 'Identifier': {
      const variable = variableOf(source, bare);
      const initial = variable && initialValueOf(variable);
      if (!initial) return undefined;
      const last = initial.members.at(-1);
      if (last === undefined) return credentialGivenBy(source, initial.value, depth + 1);
      return pulumiMember(source, bare) !== undefined && kindOf(last) ? last : undefined;
    }
    case 'TaggedTemplateExpression':
      return firstOf(bare.quasi.expressions, (each) => credentialGivenBy(source, each, depth + 1));
    case 'TemplateLiteral':
      return firstOf(bare.expressions, (each) => credentialGivenBy(source, each, depth + 1));
    case 'BinaryExpression':
      return credentialGivenBy(source, bare.left, depth + 1) ?? credentialGivenBy(source, bare.right, depth + 1);
    case 'MemberExpression':
      return memberThatIsCredential(source, bare);
    case 'CallExpression':
      return callThatGives(source, bare, depth);
    default:
      return undefined;
  }
}

function memberThatIsCredential(source: Source, node: TSESTree.MemberExpression): string | undefined {
  const name = nameOf(node);
  const made = pulumiMember(source, node);
  if (name === undefined || made === undefined || !made.includes('()')) return undefined;
  if (/(?:^|\.)RandomPassword\.\(\)\.(?:result|bcryptHash)$/.test(made))
    return name === 'result' ? 'password' : undefined;
  if (name === 'secretString' || name === 'secretData') return name;
  return kindOf(name) ? name : undefined;
}

function callThatGives(source: Source, node: TSESTree.CallExpression, depth: number): string | undefined {
  const method = nameOf(node.callee);
  const [first] = node.arguments;
  if (node.callee.type === 'MemberExpression') {
    const key = first?.type === 'Literal' && typeof first.value === 'string' ? first.value : undefined;
    if (/^(?:get|require)(?:Secret)?$/.test(method ?? '') && key !== undefined && isConfig(source, node.callee.object))
      return kindOf(key) ? key : undefined;
    if (method === 'apply' && first && isFunction(first)) {
      const given = credentialGivenBy(source, node.callee.object, depth + 1);
      const [parameter] = first.params;
      return given !== undefined && parameter?.type === 'Identifier' && handsOn(first.body, parameter.name)
        ? given
        : undefined;
    }
  }
  if (pulumiMember(source, node.callee) === 'secret' || pulumiMember(source, node.callee) === 'unsecret')
    return first && credentialGivenBy(source, first, depth + 1);
  if (pulumiMember(source, node.callee) === 'concat')
    return firstOf(node.arguments, (each) => credentialGivenBy(source, each, depth + 1));
  return undefined;
}

/** `(p) => p` and `(p) => \`…${p}\``, but not `(p) => p.length` and not `(p) => hash(p)`. */
function handsOn(body: Node, name: string): boolean {
  if (body.type === 'Identifier') return body.name === name;
  let found = false;
  if (body.type === 'TemplateLiteral')
    walk(body, (each) => {
      found ||= each.type === 'Identifier' && each.name === name && each.parent.type === 'TemplateLiteral';
      return !found;
    });
  return found;
}

function firstOf<Item, Result>(items: readonly Item[], look: (item: Item) => Result | undefined): Result | undefined {
  for (const each of items) {
    const found = look(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
