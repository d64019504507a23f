import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isAtModuleScope, isFunction, nameOf, walk } from '../ast.js';
import { clientMadeBy } from '../clients/find-client.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { kindOf } from '../credentials/names.js';
import { mentionsSecretReader, secretReadOf } from '../credentials/secret-reads.js';
import { isInfrastructure, isInScriptFolder, isMigration, isScript, isTestFile } from '../file-kind.js';

const reads =
  /\.env\s*(?:\??\.|\[\s*['"`]|!)[^\s;,)]{0,100}(?:pass|secret|token|key|pwd|pw|psw|salt|senha|contrasena|sign)/i;

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
  create(context, [option]) {
    const source = context.sourceCode;
    const hasVariables = source.text.includes('.env') && reads.test(source.text);
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
        if (name === undefined || nameOf(node.object) !== 'env' || node.object.type !== 'MemberExpression') return;
        if (!hasVariables || kindOf(name) === undefined || !isAtModuleScope(node) || !isKept(node)) return;
        if (isGivenToClient(node)) return;
        context.report({ node, messageId: 'captured', data: { name } });
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

    /** `require-pool-refresh` says it better there. */
    function isGivenToClient(node: Node): boolean {
      for (let current = node.parent; current; current = current.parent) {
        if (current.type === 'NewExpression' || current.type === 'CallExpression') {
          return clientMadeBy(source, current) !== undefined;
        }
      }
      return false;
    }
  },
});

/** True where the value itself is kept: not where its presence, its length or its equality is looked at. */
function isKept(node: TSESTree.Node): boolean {
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
