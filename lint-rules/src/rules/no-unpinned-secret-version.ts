import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, keyOf, nameOf, textOf, unwrap } from '../ast.js';
import { createRule } from '../create-rule.js';
import { isInRuntimeCallback, isInfrastructure, isTestFile, pathOf } from '../file-kind.js';
import { originOf } from '../origin.js';
import { objectBehind, traced } from '../value.js';

interface Option {
  readonly checkTests: boolean;
}
type Ids = 'latest' | 'noVersion' | 'fixedName';

export default createRule<[Option], Ids>({
  facts: {
    id: 'no-unpinned-secret-version',
    summary: 'Disallow start-bound references to a secret without its version',
    severity: 'high',
    breaks:
      'Instances started before and after a rotation disagree, a rollback does not bring the old credential back, and no rollout starts.',
    fix: 'Refer to the version that the resource of the version puts out, so that a rotation changes the workload.',
    equivalents: ['CKV_GCP_92'],
  },
  messages: {
    latest:
      '`{{name}}` follows `{{alias}}`, and an instance reads it only when it starts: old and new instances disagree after a rotation. Refer to the version from the output of its resource.',
    noVersion:
      '`{{name}}` injects a secret without its version, and an instance reads it only when it starts: old and new instances disagree after a rotation. Name the version, or read the secret while running.',
    fixedName:
      '`{{name}}` injects a Kubernetes Secret under a fixed name, so a rotation starts no rollout. Put a hash of its content into its name or into an annotation of the pod template, or mount it as a volume.',
  },
  schema: [
    {
      type: 'object',
      additionalProperties: false,
      properties: { checkTests: { type: 'boolean', description: 'Also look into test files.' } },
    },
  ],
  defaultOptions: [{ checkTests: false }],
  create(context, [option], source) {
    const { text } = source;
    if (!isInfrastructure(source)) return {};
    if (!option.checkTests && isTestFile(context) && !/(?:^|[\\/])integ\./.test(pathOf(context))) return {};
    const reloads =
      /checksum\/|reloader\.stakater\.com|secret\.reloader|contentHash|configHash|rollout-restart|keyturn\.dev/i.test(
        text,
      );

    return {
      Property(node) {
        const key = keyOf(node);
        if (node.parent.type !== 'ObjectExpression' || isInRuntimeCallback(node)) return;
        if (key === 'secretKeyRef') cloudRunOrKubernetes(node);
        else if (key === 'secretRef' && isInside(node, 'envFrom') && !reloads) kubernetes(node);
        else if (key === 'valueFrom' && isInside(node, 'secrets')) taskDefinition(node);
        else if (key === 'secretEnvironmentVariables' || key === 'secretVolumes') cloudFunction(node);
      },
      CallExpression(node) {
        const name = nameOf(node.callee);
        if (name !== 'fromSecretsManager' && name !== 'fromSsmParameter') return;
        const origin = originOf(source, node.callee);
        const isEcs =
          origin &&
          /^(?:aws-cdk-lib(?:\/aws-ecs)?|@aws-cdk\/aws-ecs)$/.test(origin.module) &&
          origin.members.includes('Secret');
        if (isEcs && name === 'fromSecretsManager')
          context.report({ node, messageId: 'noVersion', data: { name: 'Secret.fromSecretsManager' } });
      },
    };

    function cloudRunOrKubernetes(property: TSESTree.Property): void {
      const object = objectBehind(source, property.value);
      if (!object || object.properties.some((each) => each.type === 'SpreadElement')) return;
      const isCloudRun =
        /cloudrun|cloudrunv2|google_cloud_run|CloudRun/i.test(text) &&
        (findProperty(object, 'version') || !findProperty(object, 'name'));
      const version = findProperty(object, 'version');
      const versionText = version && textOf(traced(source, version.value));
      if (isCloudRun || (version && findProperty(object, 'secret'))) {
        if (!version) context.report({ node: property, messageId: 'noVersion', data: { name: 'secretKeyRef' } });
        else if (versionText === 'latest')
          context.report({ node: version, messageId: 'latest', data: { name: 'secretKeyRef', alias: 'latest' } });
        return;
      }
      // The first generation of Cloud Run has the version in `key`.
      const key = findProperty(object, 'key');
      if (/cloudrun\.Service\b/.test(text) && key) {
        if (textOf(traced(source, key.value)) === 'latest')
          context.report({ node: key, messageId: 'latest', data: { name: 'secretKeyRef', alias: 'latest' } });
        return;
      }
      if (!reloads) kubernetes(property);
    }

    function kubernetes(property: TSESTree.Property): void {
      const object = objectBehind(source, property.value);
      const name = object && findProperty(object, 'name');
      if (!name || !/kubernetes|cdk8s|k8s/i.test(text)) return;
      if (textOf(traced(source, name.value)) === undefined) return;
      context.report({ node: property, messageId: 'fixedName', data: { name: keyOf(property) ?? 'secretKeyRef' } });
    }

    function taskDefinition(property: TSESTree.Property): void {
      const value = unwrap(traced(source, property.value));
      const arn = textOf(value);
      if (arn !== undefined) {
        if (!arn.startsWith('arn:') || !arn.includes(':secretsmanager:')) return;
        const [stage, version] = arn.split(':').slice(8);
        if (version) return;
        context.report(
          stage && stage !== ''
            ? { node: property, messageId: 'latest', data: { name: 'valueFrom', alias: stage } }
            : { node: property, messageId: 'noVersion', data: { name: 'valueFrom' } },
        );
        return;
      }
      if (value.type === 'MemberExpression' && nameOf(value) === 'arn' && isSecret(value.object)) {
        context.report({ node: property, messageId: 'noVersion', data: { name: 'valueFrom' } });
      }
    }

    function isSecret(node: Node): boolean {
      const origin = originOf(source, node);
      return (
        origin !== undefined &&
        origin.members.at(-1) === '()' &&
        origin.members.at(-2) === 'Secret' &&
        origin.module.startsWith('@pulumi/aws')
      );
    }

    function cloudFunction(property: TSESTree.Property): void {
      if (keyOf(property) === 'secretVolumes') return;
      const value = unwrap(traced(source, property.value));
      const entries = value.type === 'ArrayExpression' ? value.elements : [value];
      for (const entry of entries) {
        const object = entry && entry.type !== 'SpreadElement' ? objectBehind(source, entry) : undefined;
        const version = object && findProperty(object, 'version');
        if (!object || (version && textOf(traced(source, version.value)) !== 'latest')) continue;
        context.report(
          version
            ? { node: version, messageId: 'latest', data: { name: 'secretEnvironmentVariables', alias: 'latest' } }
            : { node: object, messageId: 'noVersion', data: { name: 'secretEnvironmentVariables' } },
        );
      }
    }
  },
});

function isInside(node: Node, key: string): boolean {
  for (let current = node.parent; current; current = current.parent) {
    if (current.type === 'Property' && keyOf(current) === key) return true;
    if (current.type === 'BlockStatement') return false;
  }
  return false;
}
