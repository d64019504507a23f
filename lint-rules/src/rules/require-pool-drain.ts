import type { TSESLint, TSESTree } from '@typescript-eslint/utils';
import { type Node, isFunction, nameOf, textOf, walk } from '../ast.js';
import { type Made, clientMadeBy, mentionsClient } from '../clients/find-client.js';
import { makesForOneCommand } from '../command-line.js';
import { createRule } from '../create-rule.js';
import { type Kept, isPassedOn, keptFor, mayBe, methodOn } from '../clients/kept.js';
import { isInfrastructure, isScript, isTestFile } from '../file-kind.js';
import { originOf, variableOf } from '../origin.js';
import { packageOf } from '../package-scan.js';
import { type OriginSpecifier, originSchema, specifierOf } from '../origins.js';
import { traced } from '../value.js';

interface Option {
  readonly checkTests: boolean;
  readonly drainers: readonly OriginSpecifier[];
}
interface Held {
  readonly made: Made;
  readonly variable: TSESLint.Scope.Variable;
}

export default createRule<[Option], 'notDrained' | 'abrupt' | 'neverDrained'>({
  facts: {
    id: 'require-pool-drain',
    summary: 'Require a process that ends on a signal to drain its pools first',
    severity: 'medium',
    breaks:
      'The rollout after a rotation cuts queries in flight, and the database keeps sessions of the old user until they time out.',
    fix: 'Await the graceful end of the pool before the process exits.',
  },
  messages: {
    notDrained:
      'This handler ends the process without draining `{{name}}`, so queries in flight are cut. Await `{{name}}.{{drain}}()` before the process exits.',
    neverDrained:
      'Nothing in this package drains `{{name}}`, so every rollout cuts queries in flight and leaves sessions of the old user behind. Await `{{name}}.{{drain}}()` when the process is told to end.',
    abrupt: '`{{name}}.{{method}}()` cuts commands in flight. Await `{{name}}.{{drain}}()`, which lets them finish.',
  },
  schema: [
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        drainers: {
          type: 'array',
          description: 'Functions of your own that drain pools.',
          items: originSchema(),
        },
        checkTests: { type: 'boolean', description: 'Also look into test files.' },
      },
    },
  ],
  defaultOptions: [{ checkTests: false, drainers: [] }],
  create(context, [option], source) {
    if (!mentionsClient(source)) return {};
    if (!option.checkTests && isTestFile(context)) return {};
    const hasSignals = /['"`]SIG(?:TERM|INT)['"`]/.test(source.text);
    const mayServe = !isScript(context) && !isInfrastructure(source);
    if (!hasSignals && !mayServe) return {};
    const held: Held[] = [];
    const handlers: TSESTree.CallExpression[] = [];
    const kepts: Kept[] = [];

    function look(node: TSESTree.CallExpression | TSESTree.NewExpression): void {
      if (node.type === 'CallExpression' && isSignal(node)) handlers.push(node);
      const kept = mayServe ? keptFor(source, node) : undefined;
      if (kept) kepts.push(kept);
      if (!hasSignals) return;
      const target = node.parent.type === 'AwaitExpression' ? node.parent.parent : node.parent;
      if (target.type !== 'VariableDeclarator' || target.id.type !== 'Identifier') return;
      const made = clientMadeBy(source, node);
      const variable = variableOf(source, target.id);
      if (made && variable && made.client.drain.length > 0) held.push({ made, variable });
    }
    return {
      NewExpression: look,
      CallExpression: look,
      'Program:exit'() {
        const reported = handlers.some((handler) => judge(handler));
        if (!reported) for (const kept of kepts) judgeKept(kept);
      },
    };

    /** A client that lives as long as the process, in a package that opens a port and ends nothing like it. */
    function judgeKept(kept: Kept): void {
      const { node, name, drain } = kept;
      if (kept.isEnded || option.drainers.length > 0) return;
      const around = packageOf(context);
      if (!around?.serves || [...around.ended].some((each) => mayBe(kept, each))) return;
      // One that nobody opens is what the command line of TypeORM reads.
      if (kept.library === 'typeorm' && !around.initializes) return;
      if (makesForOneCommand(context)) return;
      context.report({ node, messageId: 'neverDrained', data: { name, drain } });
    }

    function judge(call: TSESTree.CallExpression): boolean {
      const [, given] = call.arguments;
      const handler = given && traced(source, given);
      if (!handler || !isFunction(handler)) return false;
      let reported = false;
      const inside = lookInto(handler);
      for (const { made, variable } of held) {
        const { drain, abrupt } = made.client;
        const calls = variable.references.flatMap(({ identifier }) => {
          const method = methodOn(identifier);
          return method === undefined ? [] : [{ method, identifier }];
        });
        const [graceful = 'end'] = drain;
        const data = { name: variable.name, drain: graceful };
        const harsh = calls.find(({ method, identifier }) => abrupt?.includes(method) && contains(handler, identifier));
        if (harsh) {
          reported = true;
          context.report({ node: harsh.identifier, messageId: 'abrupt', data: { ...data, method: harsh.method } });
        } else if (
          inside.exits &&
          !inside.callsOthers &&
          !isPassedOn(variable) &&
          !calls.some(({ method }) => drain.includes(method))
        ) {
          reported = true;
          context.report({ node: call, messageId: 'notDrained', data });
        }
      }
      return reported;
    }

    /** Whether the handler ends the process, and whether it calls what another module may use to drain. */
    function lookInto(handler: Node): { readonly exits: boolean; readonly callsOthers: boolean } {
      let exits = false;
      let callsOthers = false;
      walk(handler, (node) => {
        if (node.type !== 'CallExpression') return true;
        callsOthers ||= specifierOf(context, node.callee, option.drainers) !== undefined;
        if (nameOf(node.callee) === 'exit' && node.callee.type === 'MemberExpression') exits = true;
        else if (node.callee.type === 'Identifier') {
          const module = originOf(source, node.callee)?.module;
          callsOthers ||=
            module !== undefined ||
            variableOf(source, node.callee) === undefined ||
            isFunction(traced(source, node.callee));
        }
        return true;
      });
      return { exits, callsOthers };
    }
  },
});

function isSignal(node: TSESTree.CallExpression): boolean {
  const method = nameOf(node.callee);
  if (node.callee.type !== 'MemberExpression' || (method !== 'on' && method !== 'once')) return false;
  return nameOf(node.callee.object) === 'process' && /^SIG(?:TERM|INT)$/.test(textOf(node.arguments[0]) ?? '');
}

function contains(outer: Node, inner: Node): boolean {
  return outer.range[0] <= inner.range[0] && inner.range[1] <= outer.range[1];
}
