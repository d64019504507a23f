import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf, textOf } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { isTestFile } from '../file-kind.js';
import { variableOf } from '../origin.js';
import { isPulumi, pulumiMember } from '../pulumi/program.js';
import { objectBehind, traced } from '../value.js';

/** Secrets that a service of AWS makes and turns itself. */
const managed = /^(?:rds!|events!|ecr-pullthroughcache\/|appflow!|redshift!)/;

export default createRule<[TestsOption], 'notRotated'>({
  facts: {
    id: 'require-rotation',
    summary: 'Require a secret that a Pulumi program makes to get a rotation there too',
    severity: 'medium',
    breaks: 'A leaked password stays useful until somebody notices, and the first rotation in years happens by hand.',
    fix: 'Give it a `SecretRotation`, or use a component of `@keyturn/components`, which brings one.',
    component: 'RotatingDatabaseSecret',
  },
  messages: {
    notRotated:
      'Nothing in this program rotates this secret. Give it a `SecretRotation`, or use a component of `@keyturn/components`, which brings one.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  create(context, [option], source) {
    if (!source.text.includes('Secret') || !isPulumi(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const secrets: TSESTree.NewExpression[] = [];
    const rotated = new Set<unknown>();
    let mayRotateAny = false;

    return {
      NewExpression(node) {
        const made = pulumiMember(source, node.callee);
        if (made === 'secretsmanager.Secret') secrets.push(node);
        else if (made === 'secretsmanager.SecretRotation') rotation(node);
      },
      'Program:exit'() {
        for (const secret of secrets) {
          if (!mayRotateAny && !isLookedAfter(secret)) context.report({ node: secret, messageId: 'notRotated' });
        }
      },
    };

    function rotation(node: TSESTree.NewExpression): void {
      const [, args] = node.arguments;
      const object = args && args.type !== 'SpreadElement' ? objectBehind(source, args) : undefined;
      const id = object && findProperty(object, 'secretId');
      const value = id && traced(source, ownerOf(id.value));
      // A rotation of something that is not made here may be that of any secret in the file.
      if (value?.type === 'NewExpression') rotated.add(value);
      else mayRotateAny = true;
    }

    /** `secret` of `secret.id`. */
    function ownerOf(node: Node): Node {
      return node.type === 'MemberExpression' ? ownerOf(node.object) : node;
    }

    function isLookedAfter(secret: TSESTree.NewExpression): boolean {
      if (rotated.has(secret)) return true;
      const [, args] = secret.arguments;
      const object = args && args.type !== 'SpreadElement' ? objectBehind(source, args) : undefined;
      if (args && !object) return true;
      const name = object && findProperty(object, 'name');
      if (name && managed.test(textOf(traced(source, name.value)) ?? '')) return true;
      const tags = object && findProperty(object, 'tags');
      const isOpen = object?.properties.some((each) => each.type === 'SpreadElement') ?? false;
      if (isOpen || (tags && source.getText(tags).includes('keyturn'))) return true;
      return isHandedOver(secret);
    }

    /** What leaves this file, or goes to code of somebody else, may be rotated there. */
    function isHandedOver(secret: TSESTree.NewExpression): boolean {
      const holder = secret.parent;
      if (holder.type === 'ExpressionStatement') return false;
      if (holder.type !== 'VariableDeclarator' || holder.id.type !== 'Identifier') return true;
      if (holder.parent.parent.type === 'ExportNamedDeclaration') return true;
      const variable = variableOf(source, holder.id);
      return variable?.references.some(({ identifier, init }) => !init && goesElsewhere(identifier)) ?? true;
    }

    function goesElsewhere(identifier: Node): boolean {
      const isWhole = identifier.parent?.type !== 'MemberExpression';
      for (let node: Node | undefined = identifier.parent; node; node = node.parent) {
        if (node.type === 'NewExpression') return pulumiMember(source, node.callee) === undefined;
        if (node.type === 'CallExpression') {
          if (nameOf(node.callee) === 'apply') continue;
          return pulumiMember(source, node.callee) === undefined;
        }
        if (
          node.type === 'ExportNamedDeclaration' ||
          node.type === 'ExportSpecifier' ||
          node.type === 'ReturnStatement'
        )
          return isWhole;
        if (node.type === 'AssignmentExpression' || node.type === 'VariableDeclarator') return isWhole;
        if (node.type === 'BlockStatement' || node.type === 'Program') return false;
      }
      return false;
    }
  },
});
