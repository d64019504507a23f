import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, functionAround, isFunction, nameOf, textOf, unwrap, walk } from '../ast.js';
import { clientMadeBy } from '../clients/find-client.js';
import { textWithoutComments } from '../comments.js';
import { type TestsOption, createRule, testsDefault, testsSchema } from '../create-rule.js';
import { isTestFile } from '../file-kind.js';
import { modulesOf } from '../modules.js';
import { initialValueOf, variableOf } from '../origin.js';

type Ids = 'neverArrives' | 'hidden' | 'forgotten' | 'wrapped' | 'unbounded' | 'bothCodes' | 'unwrap';

const mention = /28P01|\b1045\b|ER_ACCESS_DENIED_ERROR/;
const refusals = new Set<unknown>(['28P01', '28000', 1045, '1045', 'ER_ACCESS_DENIED_ERROR']);
const postgres = [
  'pg',
  'pg-pool',
  'postgres',
  'pg-promise',
  'slonik',
  'sequelize',
  'drizzle-orm',
  'knex',
  'typeorm',
  'kysely',
  '@mikro-orm/postgresql',
  '@keyturn/pool',
];

/** Where a library keeps the error of its driver. */
const wrappers: readonly { readonly modules: RegExp; readonly name: string; readonly member: string }[] = [
  { modules: /^(?:sequelize|@sequelize\/core|sequelize-typescript)$/, name: 'Sequelize', member: 'original' },
  { modules: /^drizzle-orm(?:\/|$)/, name: 'Drizzle', member: 'cause' },
  { modules: /^slonik$/, name: 'Slonik', member: 'cause' },
];

export default createRule<[TestsOption], Ids>({
  facts: {
    id: 'require-auth-error-refresh',
    summary:
      'Require code that reacts to a refused login to look where the refusal arrives, and to stop after a few tries',
    severity: 'high',
    breaks: 'The refusal after a rotation is never recognised, or is repeated until the database locks the account.',
    fix: 'Look for the code in the error that `connect` or `query` rejects with, read the credential again, and try once more.',
  },
  messages: {
    neverArrives:
      'A pool of `{{client}}` never passes a refused login to its `error` event, so this branch never runs. Look for it where `connect` or `query` rejects.',
    hidden:
      'A pool of `mariadb` rejects with `ER_GET_CONNECTION_TIMEOUT` (45028) and keeps 1045 in `cause`, so this is never true. Look at `cause` too.',
    forgotten:
      'PostgreSQL refuses a role that a rotation has switched off with 28000, and 28P01 alone is looked for. Look for both.',
    wrapped: '{{library}} keeps the error of the driver in `{{member}}`, so this code is never there. Read `{{path}}`.',
    unbounded:
      'A refused login is tried again without an end, which locks the account where the database counts failures. Read the credential again, try once more, then give up.',
    bothCodes: 'Look for 28P01 and 28000.',
    unwrap: 'Read `{{path}}`.',
  },
  schema: testsSchema,
  defaultOptions: testsDefault,
  hasSuggestions: true,
  create(context, [option], source) {
    if (!mention.test(source.text)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const text = textWithoutComments(source);
    const modules = modulesOf(source);
    const isPostgres = postgres.some((each) =>
      [...modules].some((module) => module === each || module.startsWith(`${each}/`)),
    );
    const forgets = isPostgres && !text.includes('28000');
    const hides =
      modules.has('mariadb') &&
      text.includes('createPool') &&
      !modules.has('mysql2') &&
      !modules.has('mysql2/promise') &&
      !modules.has('mysql') &&
      !/45028|ER_GET_CONNECTION_TIMEOUT|\bcause\b/.test(text);
    const wrapper = wrappers.find((each) => [...modules].some((module) => each.modules.test(module)));
    const unwraps = wrapper && new RegExp(`\\b(?:${wrapper.member}|parent|cause|original)\\b`).test(text);

    function compared(node: TSESTree.BinaryExpression): void {
      if (node.operator !== '===' && node.operator !== '==') return;
      const [code, subject] = isRefusal(node.right) ? [node.right, node.left] : [node.left, node.right];
      if (!isRefusal(code)) return;
      found(node, subject, code);
    }

    function found(node: TSESTree.BinaryExpression, subject: Node, code: Node): void {
      const value = refusalOf(code);
      const client = poolEventAround(node);
      if (client !== undefined) return context.report({ node, messageId: 'neverArrives', data: { client } });
      if (hides && value !== '28P01' && value !== '28000') return context.report({ node, messageId: 'hidden' });
      const bare = unwrap(subject);
      if (wrapper && !unwraps && value === '28P01' && isCodeOfCaught(bare)) {
        const owner = source.getText(bare.object);
        const path = `${owner}.${wrapper.member}?.code`;
        return context.report({
          node: subject,
          messageId: 'wrapped',
          data: { library: wrapper.name, member: wrapper.member, path },
          suggest: [
            {
              messageId: 'unwrap',
              data: { path },
              fix: (fixer) => (forgets ? fixer.replaceText(node, bothOf(path)) : fixer.replaceText(bare, path)),
            },
          ],
        });
      }
      if (forgets && value === '28P01') {
        const both = bothOf(source.getText(subject));
        context.report({
          node,
          messageId: 'forgotten',
          suggest: [{ messageId: 'bothCodes', fix: (fixer) => fixer.replaceText(node, both) }],
        });
      }
    }

    /** The client on whose pool's `error` event the node is. */
    function poolEventAround(node: Node): string | undefined {
      for (let around = functionAround(node); around; around = functionAround(around)) {
        const call = around.parent;
        if (call.type !== 'CallExpression' || call.arguments[1] !== around) continue;
        if (nameOf(call.callee) !== 'on' || textOf(call.arguments[0]) !== 'error') continue;
        if (call.callee.type !== 'MemberExpression') continue;
        const name = poolBehind(call.callee.object);
        if (name === 'pg' || name === 'mariadb') return name;
      }
      return undefined;
    }

    function poolBehind(node: Node): string | undefined {
      const bare = unwrap(node);
      const initial = bare.type === 'Identifier' ? variableOf(source, bare) : undefined;
      const value = initial && initialValueOf(initial)?.value;
      const made = value && unwrap(value);
      if (made?.type !== 'NewExpression' && made?.type !== 'CallExpression') return undefined;
      const client = clientMadeBy(source, made);
      return client && !client.single ? client.client.name : undefined;
    }

    /** `error.code` where `error` is what was caught. */
    function isCodeOfCaught(node: Node): node is TSESTree.MemberExpression {
      if (node.type !== 'MemberExpression' || nameOf(node) !== 'code') return false;
      const owner = unwrap(node.object);
      if (owner.type !== 'Identifier') return false;
      const definition = variableOf(source, owner)?.defs[0];
      return definition?.node.type === 'CatchClause';
    }

    function caught(node: TSESTree.CatchClause): void {
      const branch = refusalBranch(node.body);
      if (!branch) return;
      const again = isEndlessLoop(node) && !leaves(branch) ? branch : callsItself(node, branch);
      if (again) context.report({ node: again, messageId: 'unbounded' });
    }

    /** What runs when the login was refused. */
    function refusalBranch(body: Node): Node | undefined {
      let branch: Node | undefined;
      walk(body, (each) => {
        if (branch || isFunction(each)) return false;
        if (each.type === 'IfStatement' && isOnlyRefusal(each.test)) branch = each.consequent;
        return branch === undefined;
      });
      return branch;
    }

    /** The function around, called again with what it was called with: nothing counts the tries. */
    function callsItself(clause: Node, branch: Node): Node | undefined {
      const around = functionAround(clause);
      const name = around && (around.id?.name ?? nameOfHolder(around));
      if (!around || name === undefined) return undefined;
      const own = around.params.map((each) => nameOf(each.type === 'RestElement' ? each.argument : each));
      let again: Node | undefined;
      walk(branch, (each) => {
        if (each.type === 'CallExpression' && nameOf(each.callee) === name) {
          const isSame = each.arguments.every((argument) =>
            own.includes(nameOf(argument.type === 'SpreadElement' ? argument.argument : argument)),
          );
          const isOwn =
            each.callee.type === 'Identifier' ||
            nameOf(each.callee.type === 'MemberExpression' ? each.callee.object : undefined) === 'this';
          if (isSame && isOwn) again = each;
        }
        return again === undefined;
      });
      return again;
    }

    return { BinaryExpression: compared, CatchClause: caught };
  },
});

function bothOf(subject: string): string {
  return `['28P01', '28000'].includes(${subject})`;
}

function refusalOf(node: Node): unknown {
  const bare = unwrap(node);
  return bare.type === 'Literal' ? bare.value : undefined;
}

function isRefusal(node: Node): boolean {
  return refusals.has(refusalOf(node));
}

/** A test that looks for a refusal and bounds nothing: `code === '28P01' && attempt < 3` is bounded. */
function isOnlyRefusal(test: Node): boolean {
  const bare = unwrap(test);
  if (bare.type === 'LogicalExpression')
    return bare.operator === '||' && isOnlyRefusal(bare.left) && isOnlyRefusal(bare.right);
  if (bare.type === 'BinaryExpression')
    return /^===?$/.test(bare.operator) && (isRefusal(bare.left) || isRefusal(bare.right));
  return (
    bare.type === 'CallExpression' &&
    nameOf(bare.callee) === 'includes' &&
    bare.callee.type === 'MemberExpression' &&
    bare.callee.object.type === 'ArrayExpression' &&
    bare.callee.object.elements.some((each) => each !== null && isRefusal(each))
  );
}

function isEndlessLoop(clause: Node): boolean {
  for (let node = clause.parent; node && !isFunction(node); node = node.parent) {
    if (node.type === 'ForStatement') return node.test === null;
    if (node.type === 'WhileStatement' || node.type === 'DoWhileStatement')
      return node.test.type === 'Literal' && Boolean(node.test.value);
    if (node.type === 'ForOfStatement' || node.type === 'ForInStatement') return false;
  }
  return false;
}

function leaves(branch: Node): boolean {
  let found = false;
  walk(branch, (each) => {
    found ||=
      each.type === 'ThrowStatement' ||
      each.type === 'ReturnStatement' ||
      each.type === 'BreakStatement' ||
      (each.type === 'CallExpression' && nameOf(each.callee) === 'exit');
    return !found && !isFunction(each);
  });
  return found;
}

function nameOfHolder(callable: Node): string | undefined {
  const { parent } = callable;
  if (parent?.type === 'VariableDeclarator') return nameOf(parent.id);
  return parent?.type === 'MethodDefinition' || parent?.type === 'Property' ? nameOf(parent.key) : undefined;
}
