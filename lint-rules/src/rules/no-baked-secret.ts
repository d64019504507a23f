import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, keyOf, nameOf, walk } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { isTestFile } from '../file-kind.js';
import { initialValueOf, variableOf } from '../origin.js';
import { isPulumi, pulumiMember } from '../pulumi/program.js';

/** Functions of providers that read the value of a secret while the program runs. */
const deployReads =
  /^(?:secretsmanager\.getSecretVersion|ssm\.getParameter(?:sByPath)?|secretmanager\.getSecretVersion(?:Access)?|keyvault\.getSecret|(?:generic|kv|kv2)\.getSecret(?:V2)?|lambda\.getInvocation)(?:Output)?$/;
/** Properties of workloads whose value is copied when an instance starts or a template is applied. */
const workloadKeys = new Set([
  'environment',
  'environmentVariables',
  'environmentVariable',
  'env',
  'envs',
  'variables',
  'containerDefinitions',
  'container',
  'containers',
  'userData',
  'userDataBase64',
  'metadataStartupScript',
  'startupScript',
  'customData',
  'command',
  'args',
  'appSettings',
  'connectionStrings',
]);
const notValues = new Set([
  'arn',
  'id',
  'secretArn',
  'secretId',
  'version',
  'versionId',
  'versionStages',
  'name',
  'createdDate',
]);

export default createRule<[TestsOption], 'baked'>({
  facts: {
    id: 'no-baked-secret',
    summary: 'Disallow secrets that are read at deployment and copied into a workload',
    severity: 'high',
    breaks:
      'The workload keeps the credential of the last deployment, so it is refused after a rotation until somebody deploys again.',
    fix: 'Hand over the name or the ARN of the secret, and let the workload or its platform read the value.',
  },
  messages: {
    baked:
      '`{{read}}` reads this secret at deployment, and its value is copied into `{{key}}`: the workload keeps it after a rotation. Hand over the name or the ARN, and read the value while running.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  create(context, [option], source) {
    if (!isPulumi(source) || !/getSecret|getParameter|getInvocation/.test(source.text)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const seen = new Set<Node>();

    return {
      Property(node) {
        const key = keyOf(node);
        if (key === undefined || !workloadKeys.has(key) || !isInResource(node)) return;
        walk(node.value, (each) => {
          if (seen.has(each)) return false;
          if (each.type !== 'Identifier' && each.type !== 'CallExpression') return true;
          const read = readBehind(each);
          if (read === undefined) return true;
          seen.add(each);
          context.report({ node: each, messageId: 'baked', data: { read, key } });
          return false;
        });
      },
    };

    /** The properties of a resource, seen from anything inside of them. */
    function isInResource(node: Node): boolean {
      for (let current: Node | undefined = node.parent; current; current = current.parent) {
        if (current.type === 'NewExpression') return pulumiMember(source, current.callee) !== undefined;
        if (current.type === 'BlockStatement') return false;
      }
      return false;
    }

    /** The name of the function whose answer's value is used here: through constants, `apply` and `then`. */
    function readBehind(node: Node, depth = 0): string | undefined {
      if (depth > 5) return undefined;
      if (node.type === 'Identifier') {
        if (!isValue(node) || notValues.has(memberAfter(node) ?? '')) return undefined;
        const variable = variableOf(source, node);
        const initial = variable && initialValueOf(variable);
        if (!initial || notValues.has(initial.members.at(-1) ?? '')) return undefined;
        return readIn(initial.value, depth + 1);
      }
      if (node.type !== 'CallExpression') return undefined;
      const member = pulumiMember(source, node.callee);
      return member !== undefined && deployReads.test(member) && !notValues.has(memberAfter(node) ?? '')
        ? nameOf(node.callee)
        : undefined;
    }

    function readIn(value: Node, depth: number): string | undefined {
      let found: string | undefined;
      walk(value, (each) => {
        if (found !== undefined || isFunction(each) || each.type === 'NewExpression') return false;
        if (each.type === 'Identifier' || each.type === 'CallExpression') found = readBehind(each, depth);
        return found === undefined;
      });
      return found;
    }
  },
});

/** What is taken from the value first, also through `apply((v) => v.arn)`. */
function memberAfter(node: Node): string | undefined {
  const member = node.parent?.type === 'AwaitExpression' ? node.parent.parent : node.parent;
  if (member?.type !== 'MemberExpression') return undefined;
  const name = nameOf(member);
  if (name !== 'apply' && name !== 'then') return name;
  const call = member.parent;
  const callback = call.type === 'CallExpression' ? call.arguments[0] : undefined;
  return callback && isFunction(callback) ? nameOf(callback.body) : undefined;
}

function isValue(node: TSESTree.Identifier): boolean {
  const { parent } = node;
  if (parent.type === 'MemberExpression') return parent.object === node;
  return parent.type !== 'Property' || parent.value === node;
}
