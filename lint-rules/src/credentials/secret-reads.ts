import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, nameOf, walk } from '../ast.js';
import { namesAnyOf } from '../modules.js';
import { type Source, initialValueOf, originOf, variableOf } from '../origin.js';

/** Packages that read a secret while the program runs, and the calls that do. A class is meant by its name, a method by what it is called on. */
const readers: readonly {
  readonly modules: readonly string[];
  readonly classes?: readonly string[];
  readonly methods?: readonly string[];
  /** The call is about a secret only when its argument says this. */
  readonly onlyWith?: string;
}[] = [
  {
    modules: ['@aws-sdk/client-secrets-manager', 'aws-sdk', 'aws-sdk/clients/secretsmanager'],
    classes: ['GetSecretValueCommand', 'BatchGetSecretValueCommand'],
    methods: ['getSecretValue'],
  },
  {
    modules: ['@aws-sdk/client-ssm'],
    classes: ['GetParameterCommand', 'GetParametersCommand', 'GetParametersByPathCommand'],
    onlyWith: 'WithDecryption',
  },
  { modules: ['@aws-lambda-powertools/parameters/secrets'], methods: ['getSecret'] },
  { modules: ['@azure/keyvault-secrets'], methods: ['getSecret'] },
  { modules: ['@google-cloud/secret-manager'], methods: ['accessSecretVersion'] },
  { modules: ['node-vault'], methods: ['read'] },
];

const modules = new Set(readers.flatMap((each) => each.modules));

/** True when the file names a package that reads secrets. A cheap look before any work. */
export function mentionsSecretReader(source: Source): boolean {
  return namesAnyOf(source, modules);
}

/** The name of the call when it reads a secret, known by the package of its class or of the object it is called on. */
export function secretReadOf(source: Source, node: Node): string | undefined {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return undefined;
  const name = nameOf(node.callee);
  if (name === undefined) return undefined;
  const isClass = node.type === 'NewExpression';
  if (name === 'send' && !isClass) return sentCommandOf(source, node);
  const candidates = readers.filter(
    (each) =>
      (isClass ? each.classes : each.methods)?.includes(name) &&
      (each.onlyWith === undefined || source.getText(node).includes(each.onlyWith)),
  );
  if (candidates.length === 0) return undefined;
  const origin = originOf(source, node.callee);
  if (origin) return candidates.some((each) => each.modules.includes(origin.module)) ? name : undefined;
  // A client that is handed over, or kept in `this`: its method is told by its name and the import beside it.
  const isKept =
    !isClass && node.callee.type === 'MemberExpression' && originOf(source, node.callee.object) === undefined;
  return isKept && candidates.some((each) => namesAnyOf(source, new Set(each.modules))) ? name : undefined;
}

/** `client.send(command)`, where the command was made before. */
function sentCommandOf(source: Source, node: TSESTree.CallExpression): string | undefined {
  const [command] = node.arguments;
  if (nameOf(node.callee) !== 'send' || command?.type !== 'Identifier') return undefined;
  const variable = variableOf(source, command);
  const made = variable && initialValueOf(variable)?.value;
  return made?.type === 'NewExpression' ? secretReadOf(source, made) : undefined;
}

/** The first read of a secret inside an expression. */
export function secretReadIn(source: Source, root: Node): TSESTree.NewExpression | TSESTree.CallExpression | undefined {
  let found: TSESTree.NewExpression | TSESTree.CallExpression | undefined;
  walk(root, (node) => {
    if (!found && secretReadOf(source, node) !== undefined)
      found = node as TSESTree.NewExpression | TSESTree.CallExpression;
    return found === undefined;
  });
  return found;
}
