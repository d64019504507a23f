import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, classAround, nameOf, textOf, unwrap, walk } from '../ast.js';
import { type Source, originOf, variableOf } from '../origin.js';
import { settingsName } from '../parameters.js';
import { traced } from '../value.js';

const libraries = new Set(['config', 'convict', 'nconf', '@nestjs/config', 'env-var', 'rc']);
const subjects =
  /(?:^|[^a-z])(?:db|database|data-?source|sql|pg|postgres\w*|mysql|mariadb|mongo\w*|(?:type)?orm|sequelize|knex|redis|cache|queues?|bull\w*|kafka|rabbit\w*|amqp|nats)(?:[^a-z]|$)/i;

/** What a configuration of several servers is parted in. */
const parts = /^(?:cluster|standalone|write|read|master|primary|replica|options|config|connection)$/;
const single =
  /(?:host|port|name|user|prefix|ttl|dir|path|key|ssl|tls|timeout|size|limit|enabled|type|schema|migrations?|url|uri)$/i;

/** True for a lookup of a whole part of a configuration: `config.get('db')`. Such libraries hold what they read when the process started. */
export function isLookedUp(source: Source, node: Node): boolean {
  const value = unwrap(node.type === 'AwaitExpression' ? node.argument : traced(source, node));
  if (value.type === 'MemberExpression')
    return (
      isSection(value) ||
      isPartOfSettings(source, value) ||
      (parts.test(nameOf(value) ?? '') && isLookedUp(source, value.object))
    );
  if (value.type !== 'CallExpression' || value.callee.type !== 'MemberExpression') return false;
  const [first] = value.arguments;
  const subject = first && (textOf(first) ?? nameOf(first));
  if (!/^get(?:OrThrow|[A-Z]\w*)?$/.test(nameOf(value.callee) ?? '') || !isSubject(subject)) return false;
  const owner = value.callee.object;
  return libraries.has(originOf(source, owner)?.module ?? '') || /Config/.test(typeNameOf(source, owner) ?? '');
}

/** `app.config.redis`, `this.settings.db`: the settings of a whole program have parts, and it has read them when it started. */
function isSection(member: TSESTree.MemberExpression): boolean {
  return isSubject(nameOf(member)) && settingsName.test(nameOf(member.object) ?? '');
}

/** `config.redis`, of a library that reads settings, or of a file of the project that is named for them. */
function isPartOfSettings(source: Source, member: TSESTree.MemberExpression): boolean {
  const module = isSubject(nameOf(member)) ? (originOf(source, member)?.module ?? '') : '';
  return (
    /(?:^|[-/])config$/.test(module) ||
    /^(?:[.~#@].*\/)?(?:conf|config|settings|env|environment)s?(?:\/[\w.-]+)?$/i.test(module.replace(/^\.\//, ''))
  );
}

/** True for a name that speaks of a store of data and of no single value of it: `db`, `redisOptions`. */
export function isSubject(name: string | undefined): boolean {
  const words = name?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ') ?? '';
  return subjects.test(words) && !single.test(words);
}

/** The name of the type that is written for a parameter, a variable or a member of the class. */
export function typeNameOf(source: Source, node: Node): string | undefined {
  const annotated = declarationOf(source, unwrap(node));
  const type =
    annotated && 'typeAnnotation' in annotated && annotated.typeAnnotation?.type === 'TSTypeAnnotation'
      ? annotated.typeAnnotation.typeAnnotation
      : undefined;
  return type?.type === 'TSTypeReference' ? nameOf(type.typeName) : undefined;
}

/** What declares a name: the parameter, the variable, or the member of the class around it. */
export function declarationOf(source: Source, node: Node): Node | undefined {
  if (node.type === 'Identifier') return variableOf(source, node)?.defs[0]?.name;
  if (node.type !== 'MemberExpression' || node.object.type !== 'ThisExpression') return undefined;
  const name = nameOf(node);
  const around = classAround(node);
  let found: Node | undefined;
  walk(around?.body ?? node, (each) => {
    if (each.type === 'TSParameterProperty') {
      const { parameter } = each;
      const own = parameter.type === 'AssignmentPattern' ? parameter.left : parameter;
      if (nameOf(own) === name) found ??= own;
    } else if (each.type === 'PropertyDefinition' && nameOf(each.key) === name) found ??= each;
    return !found && each.type !== 'BlockStatement';
  });
  return found;
}
