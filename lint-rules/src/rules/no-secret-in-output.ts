import path from 'node:path';
import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, keyOf, nameOf, unwrap } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { isTestFile } from '../file-kind.js';
import { initialValueOf, variableOf } from '../origin.js';
import { credentialGivenBy, isPulumi, pulumiMember } from '../pulumi/program.js';

type Ids = 'output' | 'log' | 'unsecret';

const logMethods = /^(?:log|info|warn|error|debug|trace|dir|table)$/;

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'no-secret-in-output',
    summary: 'Disallow credentials in stack outputs and in the log of a Pulumi program',
    severity: 'high',
    breaks:
      'Whoever reads the stack or its log holds a working credential, and stacks that take it over keep the old one after a rotation.',
    fix: 'Put out the name or the ARN of the secret, and read its value where it is used.',
  },
  messages: {
    output:
      'The stack puts out `{{name}}`, so other stacks and everybody who may read outputs hold a copy that no rotation reaches. Put out the name or the ARN of the secret.',
    log: '`{{name}}` is written to the log of the deployment, where no rotation takes it back. Log the name of the secret.',
    unsecret: '`unsecret` writes `{{name}}` into the state in clear text. Leave it a secret.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  create(context, [option], source) {
    if (!isPulumi(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    // What other modules of a program export are not outputs of its stack.
    const isEntry = /^(?:index|main)\.[cm]?[jt]s$/.test(path.basename(context.filename));

    function output(node: Node, value: Node): void {
      const bare = unwrap(value);
      if (bare.type === 'ObjectExpression') {
        for (const each of bare.properties) if (each.type === 'Property') output(each, each.value);
        return;
      }
      const name = credentialGivenBy(source, bare);
      if (name !== undefined)
        context.report({ node, messageId: 'output', data: { name: keyOf(node) ?? nameOf(node) ?? name } });
    }

    function logged(node: TSESTree.CallExpression): void {
      if (node.callee.type !== 'MemberExpression' || !logMethods.test(nameOf(node.callee) ?? '')) return;
      const isLog = nameOf(node.callee.object) === 'console' || pulumiMember(source, node.callee.object) === 'log';
      if (!isLog) return;
      for (const argument of node.arguments) {
        const name = credentialGivenBy(source, argument) ?? appliedTo(argument);
        if (name !== undefined) return context.report({ node, messageId: 'log', data: { name } });
      }
    }

    /** `password.apply((p) => console.log(p))`: the parameter is the credential. */
    function appliedTo(argument: Node): string | undefined {
      const names = argument.type === 'TemplateLiteral' ? argument.expressions : [argument];
      for (const each of names) {
        if (each.type !== 'Identifier') continue;
        const definition = variableOf(source, each)?.defs[0]?.node as Node | undefined;
        if (!definition || !isFunction(definition) || definition.params[0] === undefined) continue;
        const call = definition.parent;
        if (nameOf(definition.params[0]) !== each.name || call.type !== 'CallExpression') continue;
        if (call.callee.type === 'MemberExpression' && nameOf(call.callee) === 'apply')
          return credentialGivenBy(source, call.callee.object);
      }
      return undefined;
    }

    return {
      ...(isEntry
        ? {
            ExportNamedDeclaration(node: TSESTree.ExportNamedDeclaration) {
              if (node.declaration?.type === 'VariableDeclaration') {
                for (const each of node.declaration.declarations)
                  if (each.init && each.id.type === 'Identifier') output(each.id, each.init);
              }
              if (node.source) return;
              for (const { local } of node.specifiers) {
                const variable = local.type === 'Identifier' ? variableOf(source, local) : undefined;
                const initial = variable && initialValueOf(variable);
                if (initial && local.type === 'Identifier') output(local, local);
              }
            },
            AssignmentExpression(node: TSESTree.AssignmentExpression) {
              const { left } = node;
              if (left.type !== 'MemberExpression') return;
              const isExports =
                nameOf(left.object) === 'exports' || (nameOf(left) === 'exports' && nameOf(left.object) === 'module');
              if (isExports) output(left, node.right);
            },
          }
        : {}),
      CallExpression(node) {
        logged(node);
        const [first] = node.arguments;
        if (!first || pulumiMember(source, node.callee) !== 'unsecret') return;
        const name = credentialGivenBy(source, first);
        if (name !== undefined) context.report({ node, messageId: 'unsecret', data: { name } });
      },
    };
  },
});
