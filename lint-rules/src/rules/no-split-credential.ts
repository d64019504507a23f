import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, isFunction, keyOf, returnsOf, textOf, walk } from '../ast.js';
import { nestedIn } from '../clients/config.js';
import { type Making, clientMadeBy, mentionsClient } from '../clients/find-client.js';
import { isKnex, knexClient } from '../clients/knex.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { wordsOf } from '../credentials/names.js';
import { secretReadOf } from '../credentials/secret-reads.js';
import { isTestFile } from '../file-kind.js';
import { initialValueOf, variableOf } from '../origin.js';
import { environmentName, objectBehind, traced } from '../value.js';

type Ids = 'twoReads' | 'userIgnored' | 'twoVariables' | 'twoAges';

/** Words that tell two credentials for the same thing apart. */
const markers = new Set(
  'a b blue green old new current previous next primary secondary 1 2 reader writer read write readonly admin app root owner migration migrations replica'.split(
    ' ',
  ),
);
const userWords = new Set(['user', 'username', 'login', 'name', 'role', 'uid']);
const passwordWords = new Set(['password', 'pass', 'passwd', 'pwd', 'pw', 'secret', 'token']);

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'no-split-credential',
    summary: 'Disallow a user and a password that come from different secrets or from different moments',
    severity: 'high',
    breaks: 'Around a rotation the password of one user is offered for the other, and the login is refused.',
    fix: 'Keep user and password in one secret, read it once, and take both from that answer.',
  },
  messages: {
    twoReads:
      'User and password come from two reads of a secret store, so a rotation between them mixes two credentials. Keep both in one secret, and take both from one read.',
    userIgnored:
      'The password comes from a secret that holds its user too, and the user comes from elsewhere: after a rotation to the other user they do not belong together. Take both from the secret.',
    twoVariables:
      '`{{user}}` and `{{password}}` belong to two different credentials, so a rotation leaves a pair that never existed. Take both from one.',
    twoAges:
      'The user is read once and the password again for each connection, so after a rotation to the other user they do not belong together. Read both at the same moment.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  create(context, [option], source) {
    if (!mentionsClient(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};

    function look(node: Making): void {
      const client = clientMadeBy(source, node)?.client ?? (isKnex(source, node) ? knexClient : undefined);
      if (!client) return;
      for (const argument of node.arguments) {
        const config = argument.type === 'SpreadElement' ? undefined : objectBehind(source, argument);
        if (!config) continue;
        const connection = client === knexClient ? findProperty(config, 'connection') : undefined;
        const inner = connection && objectBehind(source, connection.value);
        for (const place of inner ? [inner] : [config, ...nestedIn(source, config, client)]) {
          const user = findProperty(place, ...client.userKeys);
          const password = findProperty(place, ...client.passwordKeys);
          if (user && password) pair(place, user, password);
        }
      }
    }

    function pair(place: TSESTree.ObjectExpression, user: TSESTree.Property, password: TSESTree.Property): void {
      const names = [environmentName(traced(source, user.value)), environmentName(traced(source, password.value))];
      const [userName, passwordName] = names;
      if (userName !== undefined && passwordName !== undefined) {
        if (areDifferent(userName, passwordName))
          context.report({
            node: password,
            messageId: 'twoVariables',
            data: { user: userName, password: passwordName },
          });
        return;
      }
      const value = traced(source, password.value);
      const isLate = isFunction(value);
      const passwordRead = readBehind(value);
      if (!passwordRead) return;
      const userRead = readBehind(user.value);
      if (userRead) {
        if (userRead !== passwordRead) context.report({ node: password, messageId: isLate ? 'twoAges' : 'twoReads' });
        return;
      }
      const isElsewhere = userName !== undefined || textOf(traced(source, user.value)) !== undefined;
      if (isElsewhere && (isDynamic(passwordRead) || givesMore(place, passwordRead)))
        context.report({ node: user, messageId: 'userIgnored' });
    }

    /** The call that reads the secret from which a value is taken: the SDK's own, or that of a function here that reads one. */
    function readBehind(node: Node, depth = 0): Node | undefined {
      if (depth > 5) return undefined;
      let found: Node | undefined;
      const bodies = isFunction(node) ? returnsOf(node) : [node];
      for (const body of bodies) {
        walk(body, (each) => {
          if (found || isFunction(each)) return false;
          if (each.type === 'CallExpression' || each.type === 'NewExpression') {
            if (secretReadOf(source, each) !== undefined) found = each;
            else if (each.callee.type === 'Identifier') {
              const callee = traced(source, each.callee);
              if (isFunction(callee) && reads(callee)) found = each;
            }
          } else if (each.type === 'Identifier' && isValue(each)) {
            const variable = variableOf(source, each);
            const initial = variable && initialValueOf(variable);
            if (initial) found = readBehind(initial.value, depth + 1);
          }
          return found === undefined;
        });
      }
      return found;
    }

    function reads(callable: Node): boolean {
      let found = false;
      walk(callable, (each) => {
        found ||= secretReadOf(source, each) !== undefined;
        return !found;
      });
      return found;
    }

    /** Vault makes a user for each read of such a path. */
    function isDynamic(read: Node): boolean {
      if (read.type !== 'CallExpression' || !read.arguments[0]) return false;
      return /(?:^|\/)creds\//.test(textOf(traced(source, read.arguments[0])) ?? '');
    }

    /** The host comes from the same secret: then it has the whole connection, user included. */
    function givesMore(place: TSESTree.ObjectExpression, read: Node): boolean {
      return place.properties.some(
        (each) =>
          each.type === 'Property' &&
          /^(?:host|hostname|server|port|database)$/.test(keyOf(each) ?? '') &&
          readBehind(each.value) === read,
      );
    }

    return { NewExpression: look, CallExpression: look };
  },
});

/** Not the key of a member or of a property. */
function isValue(node: TSESTree.Identifier): boolean {
  const { parent } = node;
  if (parent.type === 'MemberExpression') return parent.object === node || parent.computed;
  return parent.type !== 'Property' || parent.value === node;
}

/** `DB_BLUE_USER` and `DB_GREEN_PASSWORD`: the same but for one word that tells two credentials apart. */
function areDifferent(user: string, password: string): boolean {
  const one = wordsOf(user).filter((each) => !userWords.has(each));
  const other = wordsOf(password).filter((each) => !passwordWords.has(each));
  if (one.length !== other.length) return false;
  const different = one.flatMap((each, index) => (each === other[index] ? [] : [[each, other[index] ?? ''] as const]));
  return different.length === 1 && different.every(([left, right]) => markers.has(left) && markers.has(right));
}
