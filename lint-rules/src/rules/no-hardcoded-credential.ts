import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, functionAround, keyOf, nameOf, textOf, unwrap } from '../ast.js';
import { embeddedDialects } from '../clients/clients.js';
import { clientMadeBy, mentionsClient } from '../clients/find-client.js';
import { createRule } from '../create-rule.js';
import { encoders, isAuthorization, isEncodedAuthorization } from '../credentials/authorization-header.js';
import { optionIn, optionMakers } from '../credentials/command-option.js';
import { comparedWith } from '../credentials/comparison.js';
import { cookieKeysIn } from '../credentials/cookie-keys.js';
import {
  type Certainty,
  credentialInUrl,
  hasKnownFormat,
  isCredential,
  isEcho,
  mayHoldKnownFormat,
} from '../credentials/literals.js';
import { mayNameCredential } from '../credentials/mentions.js';
import { type CredentialKind, isShortPassword, kindOf, mayPromiseCredential } from '../credentials/names.js';
import { givenPassword, hashedPassword, passwordFunctions } from '../credentials/password-hash.js';
import { leaves } from '../credentials/leaves.js';
import { optionsOf, sinkModules, sinksOf } from '../credentials/find-sink.js';
import type { Sink } from '../credentials/sinks.js';
import { isOfSigning, isTelling, surroundingsOf, targetOf } from '../credentials/surroundings.js';
import {
  isInfrastructure,
  isLocaleFile,
  isTestFile,
  isTestPath,
  isTestSettings,
  opensPort,
  pathOf,
} from '../file-kind.js';
import { namesAnyOf } from '../modules.js';
import { originOf } from '../origin.js';
import { hasKeyInUrl } from '../credentials/url-key.js';
import { environmentName, environmentReaders, objectBehind, traced } from '../value.js';

/** Functions that may say by their name that they take a credential, or that they read one. A cheap look before any work. */
const takers = new RegExp(
  [...passwordFunctions, encoders, optionMakers, environmentReaders].map((each) => each.source).join('|'),
  'i',
);

interface Option {
  readonly checkTests: boolean;
}
type Ids = 'literal' | 'fallback' | 'url' | 'format' | 'noFallback' | 'fromEnvironment';

const addresses =
  /:\/\/[^\s/?#@:'"`]*:[^\s/?#'"`]*@|[?&](?:api_?key|appid|app_?key|access_token|auth_token|client_secret)=\w/i;

export default createRule<[Option], Ids>({
  facts: {
    id: 'no-hardcoded-credential',
    summary: 'Disallow credentials that are written into the source',
    severity: 'critical',
    breaks: 'The credential cannot rotate without a release, and everybody who can read the source can log in.',
    fix: 'Read it where it is used, from a credential source or the environment, and rotate the one that was written down.',
    controls: ['PCI DSS v4.0.1 8.6.2', 'CWE-798'],
  },
  messages: {
    literal:
      '`{{name}}` is a credential written into the source, so it cannot rotate without a release. Read it from a credential source or the environment.',
    fallback:
      '`{{name}}` falls back to a credential written into the source: where the real one is missing, this one is in use. Fail instead when it is missing.',
    url: 'This URL carries a credential written into the source, so it cannot rotate without a release. Put it together from parts that are read where they are used.',
    format:
      'This literal has the format of an issued key, so it cannot rotate without a release. Read it from a credential source or the environment.',
    noFallback: 'Take the fallback away.',
    fromEnvironment: 'Read `{{variable}}` from the environment.',
  },
  schema: [
    {
      type: 'object',
      additionalProperties: false,
      properties: { checkTests: { type: 'boolean', description: 'Also look into test files.' } },
    },
  ],
  defaultOptions: [{ checkTests: false }],
  hasSuggestions: true,
  create(context, [option], source) {
    const { text } = source;
    const hasClients = mentionsClient(source);
    const hasSinks = namesAnyOf(source, sinkModules);
    const hasNames = mayNameCredential(source);
    const hasFormats = mayHoldKnownFormat(text);
    const hasAddresses = text.includes('://') && addresses.test(text);
    if (!(hasClients || hasSinks || hasNames || hasFormats || hasAddresses) || isLocaleFile(pathOf(context))) return {};
    const isForTests = !option.checkTests && isTestSettings(context);
    if (!option.checkTests && !isForTests && isTestPath(pathOf(context))) return {};
    const hasKnex = text.includes('knex');
    const isProgram = isInfrastructure(source);
    const seen = new Set<Node>();

    function report(literal: Node, messageId: Ids, name: string, around: Node = literal): void {
      if (seen.has(literal)) return;
      seen.add(literal);
      // Its text is asked last, because few files have a finding.
      if (!option.checkTests && !isForTests && isTestFile(context)) return;
      context.report({ node: around, messageId, data: { name }, suggest: suggestionsFor(literal, messageId, name) });
    }

    function suggestionsFor(literal: Node, messageId: Ids, name: string): TSESLint.ReportSuggestionArray<Ids> {
      const { parent } = literal;
      if (messageId === 'fallback' && parent?.type === 'LogicalExpression' && parent.right === literal) {
        const { left } = parent;
        return environmentName(left) === undefined
          ? []
          : [{ messageId: 'noFallback', fix: (fixer) => fixer.replaceText(parent, source.getText(left)) }];
      }
      // What is read when a module is loaded would be kept for the life of the process.
      if (messageId !== 'literal' || !functionAround(literal) || !/^[a-z][\w$]*$/i.test(name)) return [];
      if (parent?.type !== 'Property' || parent.value !== literal) return [];
      const variable = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
      return [
        {
          messageId: 'fromEnvironment',
          data: { variable },
          fix: (fixer) => fixer.replaceText(literal, `process.env.${variable}`),
        },
      ];
    }

    /** A value that a library takes as a credential: whatever it is called, it is one. */
    function sink(node: Node, name: string, kind: CredentialKind): void {
      if (isForTests && kind !== 'issued') return;
      const value = traced(source, node);
      const elements = value.type === 'ArrayExpression' ? value.elements.filter((each) => each !== null) : [value];
      for (const element of elements) {
        for (const leaf of leaves(traced(source, element), 'sink')) {
          if (!isCredential(leaf.value, name, kind, leaf.certainty)) continue;
          report(leaf.literal, unwrap(value).type === 'LogicalExpression' ? 'fallback' : 'literal', name);
        }
      }
    }

    function target(node: Node, name: string | undefined, value: Node | null | undefined): void {
      if (name === undefined || !value || !mayPromiseCredential(name)) return;
      const named = kindOf(name) ?? (isShortPassword(name) ? 'short' : undefined);
      if (named === undefined) return;
      const around = surroundingsOf(node);
      if (named === 'short' && !around.hasOwner) return;
      const kind = named === 'short' ? 'password' : named;
      if (isForTests && kind !== 'issued') return;
      const certainty: Certainty = around.hasOwner && !around.isCatalogue ? 'beside' : 'named';
      for (const leaf of leaves(value, certainty)) {
        if (around.isCatalogue && leaf.certainty !== 'fallback') continue;
        // `token = 'Bearer …'`
        if (kind === 'issued' && !isTelling(leaf.literal) && isAuthorization(leaf.value)) {
          report(leaf.literal, 'literal', name, node);
          continue;
        }
        if (isProgram && kind === 'secret' && leaf.certainty === 'named' && !/\d/.test(leaf.value)) continue;
        const isTaken = kind === 'secret' && isOfSigning(node);
        if (!isCredential(leaf.value, name, kind, isTaken ? 'fallback' : leaf.certainty)) continue;
        if (kind === 'issued' && leaf.variable !== undefined && isEcho(leaf.value, leaf.variable)) continue;
        if (!isTaken && leaf.certainty === 'named' && !isEnough(node, name, kind, leaf.value)) continue;
        const isPlain = leaf.literal === unwrap(value);
        report(
          leaf.literal,
          leaf.certainty === 'fallback' ? 'fallback' : 'literal',
          name,
          isPlain ? node : leaf.literal,
        );
      }
    }

    function call(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      const made = hasClients ? clientMadeBy(source, node) : undefined;
      if (made && !isEmbedded(node)) {
        for (const argument of node.arguments) {
          if (argument.type === 'SpreadElement') continue;
          const object = objectBehind(source, argument);
          if (object) inside(object, made.client.passwordKeys, made.client.nested ?? []);
        }
        const password = made.client.positional && node.arguments[made.client.positional.password];
        if (password && password.type !== 'SpreadElement' && node.arguments.length > 2)
          sink(password, 'password', 'password');
      }
      if (node.arguments.length === 0) return;
      if (takers.test(nameOf(node.callee) ?? '')) named(node);
      const [header, value] = node.arguments;
      if (value && header?.type === 'Literal' && /^authorization$/i.test(textOf(header) ?? ''))
        authorization(value, 'Authorization');
      const knex = objectOfKnex(node);
      if (knex) inside(knex, ['password'], []);
      if (!hasSinks) return;
      for (const each of sinksOf(source, node)) into(each, node);
    }

    /** What a function is given that says by its name what it takes. */
    function named(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      configured(node);
      const hashed = hashedPassword(node);
      if (hashed) sink(hashed, 'password', 'password');
      const text = givenPassword(node);
      if (text) target(text, 'password', text);
      if (isEncodedAuthorization(node) && !isForTests) report(node, 'literal', 'authorization');
      const given = optionIn(node);
      if (given) fallback(given.name, given.fallback);
    }

    /** A database inside of the program, which asks nobody for a password. */
    function isEmbedded(node: TSESTree.CallExpression | TSESTree.NewExpression): boolean {
      return node.arguments.some((each) => {
        const object = each.type === 'SpreadElement' ? undefined : objectBehind(source, each);
        const dialect = object && textOf(findProperty(object, 'dialect', 'type', 'client')?.value);
        return dialect !== undefined && embeddedDialects.includes(dialect);
      });
    }

    /** `env('API_SALT', 'literal')` names what it reads, whatever it is given to. */
    function configured(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      const second = node.arguments[1];
      const name = second && environmentName(node);
      if (name !== undefined && second) fallback(name, second);
    }

    /** What is used when nothing of that name is given. */
    function fallback(name: string, value: Node): void {
      const kind = kindOf(name);
      if (isForTests && kind !== 'issued') return;
      for (const leaf of kind ? leaves(value, 'fallback') : []) {
        if (kind === 'issued' && isEcho(leaf.value, leaf.variable ?? name)) continue;
        if (kind && isCredential(leaf.value, name, kind, 'fallback')) report(leaf.literal, 'fallback', name);
      }
    }

    function into(each: Sink, node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      const argument = node.arguments[each.argument];
      if (!argument || argument.type === 'SpreadElement') return;
      if (!each.properties) return sink(argument, nameOf(node.callee) ?? each.modules[0] ?? '', each.kind);
      const object = optionsOf(source, argument);
      if (!object) {
        if (each.kind === 'issued' && isItself(node.callee)) sink(argument, nameOf(node.callee) ?? '', each.kind);
        return;
      }
      for (const path of each.properties) {
        const steps = path.split('.');
        let owner: TSESTree.ObjectExpression | undefined = object;
        for (const step of steps.slice(0, -1)) {
          const found: TSESTree.Property | undefined = owner && findProperty(owner, step);
          owner = found && objectBehind(source, found.value);
        }
        const last = steps.at(-1) ?? '';
        for (const property of owner?.properties ?? []) {
          if (property.type === 'Property' && (last === '*' || keyOf(property) === last))
            sink(property.value, keyOf(property) ?? last, each.kind);
        }
      }
    }

    /** `new Stripe(key)` and `require('stripe')(key)`, and not a method of what they made. */
    function isItself(callee: Node): boolean {
      return originOf(source, callee)?.members.includes('()') === false;
    }

    function inside(object: TSESTree.ObjectExpression, keys: readonly string[], nested: readonly string[]): void {
      const property = findProperty(object, ...keys);
      if (property) sink(property.value, keyOf(property) ?? 'password', 'password');
      for (const path of nested) {
        const found = findProperty(object, path.split('.')[0] ?? '');
        const deeper = found && objectBehind(source, found.value);
        if (deeper) inside(deeper, keys, []);
      }
    }

    function objectOfKnex(
      node: TSESTree.CallExpression | TSESTree.NewExpression,
    ): TSESTree.ObjectExpression | undefined {
      const [first] = node.arguments;
      if (!first || first.type === 'SpreadElement' || !hasKnex) return undefined;
      if (originOf(source, node.callee)?.module !== 'knex') return undefined;
      const config = objectBehind(source, first);
      const connection = config && findProperty(config, 'connection');
      return connection && objectBehind(source, connection.value);
    }

    function assigned(node: TSESTree.AssignmentExpression, name: string | undefined): void {
      if (name === 'keys') cookieKeys(node);
      else if (name === 'secretOrKey') sink(node.right, name, 'secret');
      else if (name !== undefined && isAuthorizationName(name)) authorization(node.right, name);
      else if (!isStandInForACheck(node)) target(node, name, node.right);
    }

    /** A secret that a program puts into its own environment and that serves nobody: so that a check of the settings passes. */
    function isStandInForACheck({ left, right }: TSESTree.AssignmentExpression): boolean {
      const name = environmentName(left);
      return name !== undefined && kindOf(name) === 'secret' && textOf(right) !== undefined && !opensPort(source);
    }

    function cookieKeys(node: TSESTree.Property | TSESTree.AssignmentExpression): void {
      for (const each of cookieKeysIn(source, node)) sink(each, 'keys', 'secret');
    }

    function authorization(value: Node, name: string): void {
      for (const leaf of leaves(value, 'named'))
        if (isAuthorization(leaf.value) && !isTelling(leaf.literal)) report(leaf.literal, 'literal', name);
    }

    const byName: TSESLint.RuleListener = {
      Property(node) {
        if (node.parent.type !== 'ObjectExpression') return;
        const name = keyOf(node);
        if (name === 'keys') cookieKeys(node);
        else if (name === 'secretOrKey') sink(node.value, name, 'secret');
        else if (name !== undefined && isAuthorizationName(name)) authorization(node.value, name);
        else target(node, name, node.value);
      },
      PropertyDefinition(node) {
        target(node, keyOf(node), node.value);
      },
      VariableDeclarator(node) {
        if (node.id.type === 'Identifier') target(node, node.id.name, node.init);
      },
      AssignmentExpression(node) {
        if (node.operator === '=' || node.operator === '||=' || node.operator === '??=')
          assigned(node, nameOf(node.left));
      },
      AssignmentPattern(node) {
        const found = targetOf(node.right);
        if (found) fallback(found.name, node.right);
      },
      LogicalExpression(node) {
        if (node.operator === '&&') return;
        const name = environmentName(node.left) ?? nameOf(node.left);
        if (name !== undefined) fallback(name, node.right);
      },
      BinaryExpression(node) {
        const name = comparedWith(node);
        if (name !== undefined) report(node.right, 'literal', name);
      },
    };

    function literal(node: TSESTree.Literal | TSESTree.TemplateLiteral): void {
      const value =
        node.type === 'TemplateLiteral' ? node.quasis.map((each) => each.value.cooked ?? '').join('${}') : textOf(node);
      if (value === undefined || value.length < 12) return;
      const parent = node.parent;
      if (parent.type === 'ImportDeclaration' || parent.type === 'TSLiteralType' || parent.type === 'JSXAttribute')
        return;
      if (value.includes('://')) {
        if (isForTests || isTelling(node)) return;
        if (credentialInUrl(value) === 'password' || hasKeyInUrl(value)) report(node, 'url', 'url');
      } else if (node.type === 'Literal' || node.expressions.length === 0) {
        if (hasKnownFormat(value) && !isTelling(node)) report(node, 'format', 'key');
      }
    }

    return {
      ...(hasClients || hasSinks || hasNames ? { NewExpression: call, CallExpression: call } : {}),
      ...(hasNames ? byName : {}),
      ...(hasFormats || hasAddresses ? { Literal: literal, TemplateLiteral: literal } : {}),
    };
  },
});

function isAuthorizationName(name: string): boolean {
  return name.length === 'authorization'.length && name.toLowerCase() === 'authorization';
}

/** A name alone is weak evidence for a plain word: `password: 'text'` may be a type, a label or a column. */
function isEnough(node: Node, name: string, kind: CredentialKind, value: string): boolean {
  if (node.type !== 'Property' || kind === 'issued' || /\d/.test(value)) return true;
  if (/^[A-Z0-9_]+$/.test(name) && name.includes('_')) return true;
  return kind === 'secret' ? /[^A-Za-z]/.test(value) || value.length >= 12 : /[^A-Za-z_.-]/.test(value);
}
