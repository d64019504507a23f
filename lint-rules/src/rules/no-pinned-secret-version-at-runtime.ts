import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, functionAround, isFunction, keyOf, nameOf, textOf, walk } from '../ast.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { mentionsSecretReader, secretReadOf } from '../credentials/secret-reads.js';
import { withoutProperty } from '../edits.js';
import { isInRuntimeCallback, isInfrastructure, isTestFile, pathOf } from '../file-kind.js';
import { objectBehind, traced } from '../value.js';

type Ids = 'pinned' | 'stage' | 'dropVersion' | 'followLatest';
type Call = TSESTree.CallExpression | TSESTree.NewExpression;

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'no-pinned-secret-version-at-runtime',
    summary: 'Disallow a fixed version where a running program reads a secret',
    severity: 'medium',
    breaks:
      'A rotation reaches this code only with a release: until then it uses a version that is about to be retired.',
    fix: 'Read the current version where it is used, behind a cache with a limit or a hook of the pool.',
  },
  messages: {
    pinned:
      '`{{name}}` reads a version that is written into the source, so a rotation needs a release before this code follows it. Read the current version.',
    stage:
      '`{{name}}` reads `{{stage}}` alone, which is the credential that a rotation retires or has not finished. Read the current version first, and this one only after an authentication error.',
    dropVersion: 'Read the current version.',
    followLatest: 'Read the latest version.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  hasSuggestions: true,
  create(context, [option], source) {
    if (!mentionsSecretReader(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const isProgram = isInfrastructure(source);
    const isAboutRotation = /rotat|AWSCURRENT/i.test(source.text) || /rotat/i.test(pathOf(context));

    function look(node: Call): void {
      const name = secretReadOf(source, node);
      if (name === undefined || (isProgram && !isInRuntimeCallback(node))) return;
      for (const argument of node.arguments) {
        if (argument.type === 'SpreadElement') continue;
        const object = objectBehind(source, argument);
        if (object) inObject(object, name, node);
        else if (name === 'read') vaultPath(argument, name);
      }
    }

    function inObject(object: TSESTree.ObjectExpression, name: string, call: Call): void {
      const nested = findProperty(object, 'sdkOptions');
      const inside = nested && objectBehind(source, nested.value);
      if (inside) inObject(inside, name, call);

      const version = findProperty(object, 'VersionId', 'version');
      if (version && textOf(traced(source, version.value))) {
        context.report({
          node: version,
          messageId: 'pinned',
          data: { name },
          suggest: [{ messageId: 'dropVersion', fix: (fixer) => withoutProperty(source, fixer, version) }],
        });
      }
      const stage = findProperty(object, 'VersionStage');
      const label = stage && textOf(traced(source, stage.value));
      if (stage && (label === 'AWSPREVIOUS' || label === 'AWSPENDING') && !isFallback(call)) {
        context.report({ node: stage, messageId: 'stage', data: { name, stage: label } });
      }
      const resource = findProperty(object, 'name', 'Name');
      if (resource) versionInName(resource, name);
    }

    /** `projects/p/secrets/s/versions/3`, and `/path/of/parameter:3`. */
    function versionInName(property: TSESTree.Property, name: string): void {
      const value = traced(source, property.value);
      const text = lastText(value);
      if (text === undefined) return;
      if (keyOf(property) === 'Name' ? !/[^:]:\d+$/.test(text) : !/\/versions\/\d+$/.test(text)) return;
      context.report({
        node: property,
        messageId: 'pinned',
        data: { name },
        suggest: [
          {
            messageId: keyOf(property) === 'Name' ? 'dropVersion' : 'followLatest',
            fix: (fixer) => {
              const whole = source.getText(value);
              return fixer.replaceText(
                value,
                keyOf(property) === 'Name'
                  ? whole.replace(/:\d+(['"`])$/, '$1')
                  : whole.replace(/\/versions\/\d+(['"`])$/, '/versions/latest$1'),
              );
            },
          },
        ],
      });
    }

    /** The second version of a KV engine: `secret/data/app?version=3`. */
    function vaultPath(argument: Node, name: string): void {
      const text = lastText(traced(source, argument));
      if (text !== undefined && /[?&]version=[1-9]\d*$/.test(text))
        context.report({ node: argument, messageId: 'pinned', data: { name } });
    }

    /** The code of a rotation may name its stages, and so may what runs after the current version was refused. */
    function isFallback(node: Node): boolean {
      if (isAboutRotation) return true;
      for (let current: Node | undefined = node; current; current = current.parent)
        if (current.type === 'CatchClause' || (isFunction(current) && nameOf(current.parent) === 'catch')) return true;
      let reads = 0;
      const around = functionAround(node);
      walk(source.ast, (each) => {
        if (each !== node && secretReadOf(source, each) !== undefined) reads++;
        return true;
      });
      return reads > 0 || (around?.params.length ?? 0) > 1;
    }

    return { CallExpression: look, NewExpression: look };
  },
});

function lastText(node: Node): string | undefined {
  return node.type === 'TemplateLiteral' ? node.quasis.at(-1)?.value.raw : textOf(node);
}
