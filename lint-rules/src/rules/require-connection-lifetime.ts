import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, textOf } from '../ast.js';
import type { Client, Lifetime } from '../clients/client.js';
import { embeddedDialects } from '../clients/clients.js';
import { nestedIn, propertyThrough } from '../clients/config.js';
import { factoryIn } from '../clients/factories.js';
import { type Making, clientMadeBy, mentionsClient } from '../clients/find-client.js';
import { bindingBeyond, mayLookBeside, objectsBehindImport, tracedBeyond } from '../clients/imported.js';
import { isKnex, knexClient } from '../clients/knex.js';
import { bindingOfNamedVariable } from '../clients/sequelize-template.js';
import { isShortLived } from '../clients/short-lived.js';
import { makesForOneCommand } from '../command-line.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { withProperty } from '../edits.js';
import { isScript, isTestFile } from '../file-kind.js';
import { comesFromParameter } from '../parameters.js';
import { originOf, otherFileOf } from '../origin.js';
import { environmentName, traced } from '../value.js';

type Ids = 'noLifetime' | 'switchedOff' | 'addLifetime';

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'require-connection-lifetime',
    summary: 'Require pools to end each connection after some time',
    severity: 'low',
    breaks:
      'A connection that was opened before a rotation stays in use for ever, so the superseded credential can never be retired.',
    fix: 'Bound the life of a connection, well below the time between two rotations.',
  },
  messages: {
    noLifetime:
      '`{{maker}}` keeps a connection for ever, so sessions of the superseded credential outlive every rotation. Set `{{key}}`.',
    switchedOff:
      '`{{key}}` is switched off, so sessions of the superseded credential outlive every rotation. Set it well below the time between two rotations.',
    addLifetime: 'Set `{{text}}`.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  hasSuggestions: true,
  create(context, [option], source) {
    if (!mentionsClient(source) || isScript(context)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    mayLookBeside(context);

    function look(node: Making): void {
      const made = clientMadeBy(source, node);
      const client = made?.client ?? (isKnex(source, node) ? knexClient : undefined);
      if (!client?.lifetime || made?.single || isShortLived(source, node)) return;
      if (makesForOneCommand(context) || node.arguments.some(mayBeGiven)) return;
      const maker = made?.maker ?? 'knex';
      const { lifetime } = client;
      const objects = node.arguments.map((each) =>
        each.type === 'SpreadElement' ? undefined : objectsBehindImport(source, each)[0],
      );
      const password = client.positional && node.arguments[client.positional.password];
      if (password && bindingBeyond(source, password) === 'absent') return;
      if (bindingOfNamedVariable(source, node) === 'absent') return;
      const options = objects.find((each) => each !== undefined);
      if (!options) return noConfig(node, lifetime, maker);
      const config = madeBy(options, client);
      if (!config) return;
      if (isOpen(config) || !isOfDialect(config, lifetime) || isAskedAgain(config)) return;

      const given = lifetime.keys.map((path) => ({ path, value: valueAt(config, path.split('.')) }));
      const off = given.find(({ value }) => value && isOff(traced(source, value)));
      if (given.some(({ value }) => value && !isOff(traced(source, value)))) return;
      if (off?.value) {
        const where = otherFileOf(off.value) ? node : off.value;
        return context.report({ node: where, messageId: 'switchedOff', data: { key: off.path } });
      }
      if (lifetime.boundByDefault || given.some(({ path }) => isHidden(config, path))) return;

      const places = [config, ...nestedIn(source, config, client, objectsBehindImport)];
      const keys = [...client.passwordKeys, ...client.urlKeys, ...client.hooks, 'connection', 'replication'];
      const isSubject =
        objects[0] === undefined || places.some((each) => propertyThrough(source, each, keys, objectsBehindImport));
      if (isSubject) missing(node, config, lifetime, maker);
    }

    /** The options themselves, or what a factory among them answers with. */
    function madeBy(
      options: TSESTree.ObjectExpression,
      { factories = [] }: Client,
    ): TSESTree.ObjectExpression | undefined {
      const answers = factoryIn(source, options, factories);
      return answers ? answers.flatMap((each) => objectsBehindImport(source, each))[0] : options;
    }

    /** `given ?? { … }` */
    function mayBeGiven(argument: Node): boolean {
      const value = tracedBeyond(source, argument);
      return value.type === 'LogicalExpression' && comesFromParameter(source, value);
    }

    function noConfig(node: Making, lifetime: Lifetime, maker: string): void {
      const [first, second] = node.arguments;
      if (lifetime.boundByDefault || lifetime.dialects || second) return;
      if (first && (first.type === 'SpreadElement' || !isText(traced(source, first)))) return;
      context.report({ node, messageId: 'noLifetime', data: { maker, key: lifetime.keys[0] ?? '' } });
    }

    function missing(node: Making, config: TSESTree.ObjectExpression, lifetime: Lifetime, maker: string): void {
      const [key = ''] = lifetime.keys;
      const text = `${key}: ${String(lifetime.halfAnHour)}`;
      const canAdd = lifetime.halfAnHour !== undefined && !key.includes('.') && !otherFileOf(config);
      context.report({
        node,
        messageId: 'noLifetime',
        data: { maker, key },
        suggest: canAdd
          ? [{ messageId: 'addLifetime', data: { text }, fix: (fixer) => withProperty(source, fixer, config, text) }]
          : [],
      });
    }

    /** What a spread brings along cannot be seen when it comes from elsewhere. */
    function isOpen(config: TSESTree.ObjectExpression, depth = 0): boolean {
      return config.properties.some((each) => each.type === 'SpreadElement' && !isKnown(each.argument, depth));
    }

    function isKnown(spread: Node, depth: number): boolean {
      if (originOf(source, spread)?.module === 'objection') return true;
      const objects = depth > 4 ? [] : objectsBehindImport(source, spread);
      return objects.length > 0 && objects.every((each) => !isOpen(each, depth + 1));
    }

    /** The value at a path, of the object or of what is spread into it. */
    function valueAt(config: TSESTree.ObjectExpression, path: readonly string[]): Node | undefined {
      let object: TSESTree.ObjectExpression | undefined = config;
      let value: Node | undefined;
      for (const name of path) {
        value = object && propertyThrough(source, object, [name], objectsBehindImport)?.value;
        object = value && objectsBehindImport(source, value)[0];
      }
      return value;
    }

    function isOfDialect(config: TSESTree.ObjectExpression, { dialects }: Lifetime): boolean {
      const value = propertyThrough(source, config, ['type', 'dialect', 'client'], objectsBehindImport)?.value;
      const dialect = textOf(value) ?? assertedText(value) ?? '';
      return !embeddedDialects.includes(dialect) && (!dialects || dialects.includes(dialect));
    }

    /** `connection: async () => ({ …, expirationChecker })`: the checker ends connections, too. */
    function isAskedAgain(config: TSESTree.ObjectExpression): boolean {
      const connection = valueAt(config, ['connection']);
      return connection !== undefined && isFunction(tracedBeyond(source, connection));
    }

    /** The object on the way to the key is somewhere else. */
    function isHidden(config: TSESTree.ObjectExpression, path: string): boolean {
      const value = valueAt(config, path.split('.').slice(0, -1));
      const object = value && objectsBehindImport(source, value)[0];
      return value !== undefined && (object === undefined || isOpen(object));
    }

    return { NewExpression: look, CallExpression: look };
  },
});

/** `process.env.DB_TYPE as 'postgres'` */
function assertedText(value: Node | undefined): string | undefined {
  if (value?.type !== 'TSAsExpression' || value.typeAnnotation.type !== 'TSLiteralType') return undefined;
  return textOf(value.typeAnnotation.literal);
}

function isOff(value: Node): boolean {
  if (value.type === 'Literal') return value.value === 0 || value.value === null || value.value === false;
  return value.type === 'Identifier' && (value.name === 'Infinity' || value.name === 'undefined');
}

function isText(value: Node): boolean {
  return textOf(value) !== undefined || value.type === 'TemplateLiteral' || environmentName(value) !== undefined;
}
