import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isAtModuleScope, isFunction, nameOf, walk } from '../ast.js';
import { isForOneCommand } from '../command-line.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { sinksOf } from '../credentials/find-sink.js';
import { kindOf } from '../credentials/names.js';
import { mentionsSecretReader, secretReadOf } from '../credentials/secret-reads.js';
import { isInfrastructure, isInScriptFolder, isMigration, isScript, isTestFile } from '../file-kind.js';
import { namesAnyOf } from '../modules.js';
import { type Source, originOf, variableOf } from '../origin.js';

const reads =
  /\benv\s*(?:\??\.|\[\s*['"`]|!)[^\s;,)]{0,100}(?:pass|secret|token|key|pwd|pw|psw|salt|senha|contrasena|sign|ur[il]|dsn|connection_string)/i;
/** `DATABASE_URL`, whose value has the password in it. */
const connectionUrl =
  /(?:^|_)(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|MONGO(?:DB|OSE)?|REDIS|AMQP|RABBIT(?:MQ)?)_(?:[A-Z0-9]+_)?(?:URL|URI|DSN|CONNECTION_STRING)$/;
/** `DB_PASSWORD_TEST` is a password too. */
const stage = /_(?:TEST|DEV|DEVELOPMENT|PROD|PRODUCTION|STAGING|LOCAL|QA)$/;
/** Packages whose configurations only a command line reads. */
const commandLines = new Set(['drizzle-kit', 'prisma/config', '@mikro-orm/cli', 'sequelize-cli']);

export default createRule<[TestsOption], 'captured' | 'readOnce'>({
  facts: {
    id: 'no-captured-credential',
    summary: 'Disallow credentials that are copied from the environment when a module is loaded',
    severity: 'medium',
    breaks: 'The process keeps the credential of its start, whatever the environment or the source says later.',
    fix: 'Read it in the function that uses it, or from a credential source that is asked again.',
  },
  recommended: false,
  messages: {
    captured:
      '`{{name}}` is copied when the module is loaded, so the process keeps it after a rotation. Read it where it is used, or from a credential source that is asked again.',
    readOnce:
      '`{{name}}` holds a secret that is read when the module is loaded, so the process keeps it after a rotation. Read it where it is used, or from a credential source that is asked again.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  create(context, [option], source) {
    const hasVariables = source.text.includes('env') && reads.test(source.text);
    const hasReads = mentionsSecretReader(source) && !isInfrastructure(source) && !isScript(context);
    if ((!hasVariables && !hasReads) || isMigration(source) || isInScriptFolder(context)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    return {
      VariableDeclarator(node) {
        if (!hasReads || !node.init || !isAtModuleScope(node) || !readsAtOnce(node.init)) return;
        const [name] = namesIn(node.id);
        context.report({ node, messageId: 'readOnce', data: { name: name ?? 'A variable' } });
      },
      MemberExpression(node) {
        const name = nameOf(node);
        if (name === undefined || nameOf(node.object) !== 'env' || !isEnvironment(source, node.object)) return;
        if (!hasVariables || !isAtModuleScope(node) || !isKept(source, node)) return;
        if (!namesCredential(name) && !isTakenAsCredential(source, node)) return;
        if (namesAnyOf(source, commandLines) || isForOneCommand(context)) return;
        context.report({ loc: { start: startOf(node), end: node.loc.end }, messageId: 'captured', data: { name } });
      },
    };

    /** The secret is read here and now, and not in a function that may be called again. */
    function readsAtOnce(init: Node): boolean {
      let found = false;
      walk(init, (each) => {
        if (isFunction(each)) return false;
        // A command that is only made reads nothing until it is sent.
        const isOnlyMade = each.type === 'NewExpression' && each.parent.type !== 'CallExpression';
        found ||= !isOnlyMade && secretReadOf(source, each) !== undefined;
        return !found;
      });
      return found;
    }
  },
});

/** `process.env`, and the `env` of `import { env } from './env'`, which has read it. */
function isEnvironment(source: Source, node: Node): boolean {
  if (node.type !== 'Identifier') return node.type === 'MemberExpression';
  const definition = variableOf(source, node)?.defs[0];
  if (definition?.parent?.type === 'ImportDeclaration') return true;
  if (definition?.node.type !== 'VariableDeclarator') return false;
  const { id, init } = definition.node;
  if (id.type === 'ObjectPattern') return nameOf(init) === 'process';
  if (init?.type === 'CallExpression') return init.arguments.some((each) => isProcessEnvironment(each));
  return init !== null && isProcessEnvironment(init);
}

function isProcessEnvironment(node: Node): boolean {
  return node.type === 'MemberExpression' && nameOf(node) === 'env';
}

/** Where the copy begins: at its name. */
function startOf(node: Node): TSESTree.Position {
  let holder: Node = node;
  while (holder.parent && !/^(?:Property|PropertyDefinition|VariableDeclarator)$/.test(holder.type)) {
    if (holder.parent.type === 'ExpressionStatement' || holder.parent.type === 'Program') return node.loc.start;
    holder = holder.parent;
  }
  return holder.loc.start;
}

function namesCredential(variable: string): boolean {
  const name = variable.replace(stage, '');
  return kindOf(name) !== undefined || connectionUrl.test(name);
}

/** What a library takes as a credential is one, whatever the variable is called. */
function isTakenAsCredential(source: Source, node: TSESTree.MemberExpression): boolean {
  let given: Node = node;
  while (given.parent && /^(?:LogicalExpression|TSNonNullExpression|TSAsExpression)$/.test(given.parent.type))
    given = given.parent;
  const { parent } = given;
  if (!parent) return false;
  if (parent.type !== 'CallExpression' && parent.type !== 'NewExpression') return false;
  return sinksOf(source, parent).some(
    ({ argument, properties, kind }) => (!properties || kind === 'issued') && parent.arguments[argument] === given,
  );
}

/** True where the value itself is kept: not where its presence, its length or its equality is looked at. */
function isKept(source: Source, node: TSESTree.Node): boolean {
  let child: Node = node;
  for (let parent = node.parent; parent; child = parent, parent = parent.parent) {
    switch (parent.type) {
      case 'LogicalExpression':
        if (parent.operator === '&&' && parent.left === child) return false;
        continue;
      case 'ConditionalExpression':
        if (parent.test === child) return false;
        continue;
      case 'TSNonNullExpression':
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'ChainExpression':
      case 'TemplateLiteral':
      case 'AwaitExpression':
        continue;
      case 'MemberExpression':
        if (parent.object !== child || !ofText.test(nameOf(parent) ?? '')) return false;
        continue;
      case 'NewExpression':
      case 'CallExpression':
        if (parent.callee === child) continue;
        if (!takes(source, parent)) return false;
        if (parent.parent.type === 'ExpressionStatement') return true;
        continue;
      case 'VariableDeclarator':
        return parent.init === child;
      case 'AssignmentExpression':
        return parent.right === child;
      case 'Property':
      case 'PropertyDefinition':
        return parent.value === child;
      default:
        return false;
    }
  }
  return false;
}

/** Methods that give the same text in another form. */
const ofText = /^(?:trim|replace|replaceAll|split|toString|slice|padEnd|padStart)$/;
const looking = /^(?:assert|ok|equal|is[A-Z_]|has[A-Z_]|check|ensure|Boolean|Number|parse(?:Int|Float|Bool))/;

/** True for what a library, or the platform, makes out of a value that it is given: `require('stripe')(key)`, `new TextEncoder().encode(key)`. */
function takes(source: Source, call: TSESTree.CallExpression | TSESTree.NewExpression): boolean {
  const name = nameOf(call.callee) ?? '';
  if (looking.test(name)) return false;
  if (name === 'encode' || (name === 'from' && call.callee.type === 'MemberExpression')) return true;
  const origin = originOf(source, call.callee);
  return origin !== undefined && !/^[./]|^(?:node:)?(?:assert|console|util)\b/.test(origin.module);
}

/** The names that a pattern declares. */
function namesIn(pattern: Node): string[] {
  const names: string[] = [];
  walk(pattern, (each) => {
    if (each.type === 'Property') names.push(...namesIn(each.value));
    else if (each.type === 'Identifier') names.push(each.name);
    return each.type !== 'Property';
  });
  return names;
}
