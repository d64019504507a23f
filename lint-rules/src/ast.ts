import type { TSESTree } from '@typescript-eslint/utils';

export type Node = TSESTree.Node;
export type Callable = TSESTree.ArrowFunctionExpression | TSESTree.FunctionExpression | TSESTree.FunctionDeclaration;

/** The expression without what only types or brackets add. */
export function unwrap(node: Node): Node {
  let current = node;
  for (;;) {
    switch (current.type) {
      case 'TSAsExpression':
      case 'TSNonNullExpression':
      case 'TSSatisfiesExpression':
      case 'TSTypeAssertion':
      case 'ChainExpression':
        current = current.expression;
        break;
      default:
        return current;
    }
  }
}

/** The text of a string literal or of a template without expressions. */
export function textOf(node: Node | null | undefined): string | undefined {
  if (!node) return undefined;
  const bare = unwrap(node);
  if (bare.type === 'Literal') return typeof bare.value === 'string' ? bare.value : undefined;
  if (bare.type === 'TemplateLiteral' && bare.expressions.length === 0)
    return bare.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** The name of a key, a member or a target, where it can be read. */
export function nameOf(node: Node | null | undefined): string | undefined {
  if (!node) return undefined;
  const bare = unwrap(node);
  switch (bare.type) {
    case 'Identifier':
    case 'PrivateIdentifier':
      return bare.name;
    case 'MemberExpression':
      return bare.computed ? textOf(bare.property) : nameOf(bare.property);
    case 'Literal':
      return typeof bare.value === 'string' ? bare.value : undefined;
    case 'ThisExpression':
      return 'this';
    case 'AssignmentPattern':
      return nameOf(bare.left);
    default:
      return undefined;
  }
}

/** The name of a property of an object; nothing for a computed key that is not a literal. */
export function keyOf(property: Node): string | undefined {
  if (property.type !== 'Property' && property.type !== 'PropertyDefinition') return undefined;
  return property.computed ? textOf(property.key) : nameOf(property.key);
}

/** The last property of that name that is written in the object itself. */
export function findProperty(
  object: TSESTree.ObjectExpression,
  ...names: readonly string[]
): TSESTree.Property | undefined {
  return object.properties.findLast((each): each is TSESTree.Property => {
    const key = keyOf(each);
    return key !== undefined && names.includes(key);
  });
}

export function isFunction(node: Node): node is Callable {
  return (
    node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'
  );
}

/** The innermost function around the node. */
export function functionAround(node: Node): Callable | undefined {
  for (let current = node.parent; current; current = current.parent) if (isFunction(current)) return current;
  return undefined;
}

/** The innermost class around the node. */
export function classAround(node: Node): TSESTree.ClassDeclaration | TSESTree.ClassExpression | undefined {
  for (let current = node.parent; current; current = current.parent)
    if (current.type === 'ClassDeclaration' || current.type === 'ClassExpression') return current;
  return undefined;
}

/** True where the node runs when its module is loaded. */
export function isAtModuleScope(node: Node): boolean {
  for (let current = node.parent; current; current = current.parent) {
    if (isFunction(current)) return false;
    if (current.type === 'PropertyDefinition' && !current.static) return false;
  }
  return true;
}

/** What a function hands back: the body of a short arrow function, or the arguments of its own `return`s. */
export function returnsOf(callable: Callable): Node[] {
  if (!callable.body) return [];
  if (callable.body.type !== 'BlockStatement') return [callable.body];
  const found: Node[] = [];
  walk(callable.body, (node) => {
    if (isFunction(node)) return false;
    if (node.type === 'ReturnStatement' && node.argument) found.push(node.argument);
    return true;
  });
  return found;
}

/** Visits the node and what is inside it; a visitor that answers false is not taken deeper. */
export function walk(root: Node, visit: (node: Node) => boolean): void {
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (!visit(node)) continue;
    for (const [key, child] of Object.entries(node)) {
      if (key === 'parent') continue;
      if (Array.isArray(child)) waiting.push(...child.filter(isNode));
      else if (isNode(child)) waiting.push(child);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
