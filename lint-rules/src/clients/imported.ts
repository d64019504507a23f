import path from 'node:path';
import type { TSESTree } from '@typescript-eslint/utils';
import { type Node, findProperty, nameOf, unwrap } from '../ast.js';
import { callsElsewhere } from '../callers.js';
import { foldersAbove } from '../folders.js';
import { exportBehind, exportIn, inOtherFile } from '../imports.js';
import { type Source, initialValueOf, originOf, placeOf, variableOf } from '../origin.js';
import { majorOf } from '../package-version.js';
import { type Taken, assignedToMember, callsHere, takenBy } from '../parameters.js';
import { type FileContext, isAbsent } from '../project-file.js';
import { type Binding, bindingOf, objectBehind, objectsBehind, traced } from '../value.js';
import type { Client } from './client.js';
import { propertyThrough } from './config.js';
import { autoConfigFor } from './framework-options.js';
import { memberOfInstance, optionsOf, registeredConfig } from './instances.js';
import { isLookedUp, isSubject } from './settings.js';

const contexts = new WeakMap<object, FileContext>();

/** Lets `tracedBeyond` look into the files that this one imports, and `asRequired` into the manifest. */
export function mayLookBeside(context: FileContext): void {
  contexts.set(context.sourceCode.ast, context);
}

/** The client as it is in the major version that the project asks for. */
export function asRequired(source: Source, client: Client): Client {
  const context = client.inMajor && contexts.get(source.ast);
  const major = context && majorOf(context, client.modules);
  return major === undefined ? client : { ...client, ...client.inMajor?.[major] };
}

/** What another file of the project exports under the name that is imported here. */
function exported(source: Source, node: Node): Node | undefined {
  const context = contexts.get(source.ast);
  if (!context) return undefined;
  const place = placeOf(node);
  return exportBehind(place ? inOtherFile(context, place) : context, node)?.node;
}

/** The objects that a file of this name exports, beside the one that is linted or above it; nothing where there is none. */
export function settingsIn(source: Source, name: string): TSESTree.ObjectExpression[] | undefined {
  const context = contexts.get(source.ast);
  for (const folder of context ? foldersAbove(context) : []) {
    const from = path.relative(path.dirname(context?.filename ?? ''), path.join(folder, name));
    const module = from.startsWith('.') ? from : `./${from}`;
    const found = context && (exportIn(context, module, 'default') ?? exportIn(context, `${module}.json`, 'default'));
    if (!found) continue;
    const value = tracedBeyond(source, found.node);
    const values = value.type === 'ArrayExpression' ? value.elements : [value];
    return values.flatMap((each) => (each ? objectsBehindImport(source, each) : []));
  }
  return undefined;
}

const settingsFile = /conf|settings?|secret|cred|env|options|keys?\b|private|database|connection|\bdb/i;

/** Settings of a file that the repository does not hold: `require('./secrets/database')`. Somebody puts it there before the program starts. */
export function isOfAbsentSettings(source: Source, node: Node): boolean {
  const context = contexts.get(source.ast);
  const bare = traced(source, node);
  const isPart = bare.type === 'MemberExpression' && (bare.computed || isSubject(nameOf(bare)));
  const origin = originOf(source, isPart ? bare.object : bare);
  if (!context || !origin || !settingsFile.test(origin.module)) return false;
  if (origin.members.some((each) => !isSubject(each))) return false;
  const place = placeOf(bare);
  return isAbsent(place ? inOtherFile(context, place) : context, origin.module);
}

/** Sources may import each other, so each way ends after so many steps. */
const deepest = 6;

/** As `traced`, and through the files of the project that the value comes from. */
export function tracedBeyond(source: Source, node: Node, depth = 0): Node {
  const value = traced(source, node);
  if (depth > deepest) return value;
  const other = exported(source, value) ?? ofInstance(source, value, depth);
  if (other) return tracedBeyond(source, other, depth + 1);
  const path = pathTo(source, value);
  let current = path && tracedBeyond(source, path.owner, depth + 1);
  for (const name of path?.members ?? []) {
    const object = current && objectBehind(source, current);
    const property = object && findProperty(object, name);
    current = property && tracedBeyond(source, property.value, depth + 1);
  }
  return current ?? value;
}

/** What a member of an object of a known class is, and what a name of a known type holds. */
function ofInstance(source: Source, node: Node, depth: number): Node | undefined {
  const follow = (each: Node) => tracedBeyond(source, each, depth + 1);
  if (node.type === 'Identifier') return registeredConfig(source, node, follow) ?? autoConfigFor(source, node);
  if (node.type !== 'MemberExpression') return undefined;
  return (
    memberOfInstance(source, node, follow) ?? optionsOf(source, node, follow) ?? registeredConfig(source, node, follow)
  );
}

/** `config.db`, and the `db` of `const { db } = config`. */
function pathTo(source: Source, node: Node): { readonly owner: Node; readonly members: readonly string[] } | undefined {
  if (node.type === 'MemberExpression') {
    const name = nameOf(node);
    return name === undefined ? undefined : { owner: node.object, members: [name] };
  }
  const variable = node.type === 'Identifier' ? variableOf(source, node) : undefined;
  const initial = variable && initialValueOf(variable);
  return initial && initial.members.length > 0 ? { owner: initial.value, members: initial.members } : undefined;
}

/** What the program gives for a value that a function or a class takes as a parameter: in this file, and in the others of its package. */
export function callsBeyond(source: Source, node: Node): Node[] {
  const taken = takenBy(source, node);
  const given = taken ? givenFor(source, taken) : [];
  return given.length > 0 ? given : defaultsFor(source, node, taken);
}

/** What is used where nobody gives another: of `this.options = { ...defaults, ...options }`, and of a parameter with a default. */
function defaultsFor(source: Source, node: Node, taken: Taken | undefined): Node[] {
  const parameter = taken?.callable.params[taken.index];
  if (taken && parameter?.type === 'AssignmentPattern' && parameter.right.type !== 'ObjectExpression')
    return partsOf(source, parameter.right, taken.members, mostCallers);
  const bare = traced(source, node);
  const variable = bare.type === 'Identifier' ? variableOf(source, bare) : undefined;
  const initial = variable && initialValueOf(variable);
  const [member, ...deeper] = initial?.members ?? [];
  if (initial && member !== undefined && deeper.length === 0)
    return objectsBehindImport(source, initial.value).flatMap(
      (each) => propertyThrough(source, each, [member], objectsBehindImport)?.value ?? [],
    );
  const owner = bare.type === 'MemberExpression' ? unwrap(bare.object) : undefined;
  const name = nameOf(bare);
  if (owner?.type !== 'MemberExpression' || name === undefined) return [];
  return assignedToMember(owner)
    .flatMap((each) => objectsBehindImport(source, each))
    .flatMap((each) => propertyThrough(source, each, [name], objectsBehindImport)?.value ?? []);
}

/** Callers that hand on what they are given themselves. */
const mostCallers = 3;

function givenFor(source: Source, taken: Taken, depth = 0): Node[] {
  const place = placeOf(taken.callable);
  const linted = contexts.get(source.ast);
  const context = linted && place ? inOtherFile(linted, place) : linted;
  const here = callsHere(place?.source ?? source, taken);
  const calls = here.length > 0 || !context ? here : callsElsewhere(context, taken);
  return calls.flatMap((each) => partsOf(source, each, taken.members, depth));
}

/** The member of what a call gives to which these names lead: through the objects that it is, and through what the caller was given itself. */
function partsOf(source: Source, given: Node, members: readonly string[], depth: number): Node[] {
  const [name, ...deeper] = members;
  const [object] = name === undefined ? [] : objectsBehindImport(source, given);
  const property = object && findProperty(object, name ?? '');
  if (property) return partsOf(source, property.value, deeper, depth);
  const taken = depth < mostCallers ? takenBy(source, given) : undefined;
  const further = taken ? givenFor(source, { ...taken, members: [...taken.members, ...members] }, depth + 1) : [];
  if (further.length > 0 || name === undefined) return further.length > 0 ? further : [given];
  const isSettings = !object && (isLookedUp(source, given) || isOfAbsentSettings(source, given));
  return isSettings || (!object && !taken && isVariable.test(members.at(-1) ?? '')) ? [given] : [];
}

/** `DATABASE_URL`, as variables of the environment are called. */
const isVariable = /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/;

/** As `objectBehind`, and beyond this file. */
export function objectBehindImport(source: Source, node: Node): TSESTree.ObjectExpression | undefined {
  return objectBehind(source, node, 0, tracedBeyond);
}

/** As `objectsBehind`, and beyond this file. */
export function objectsBehindImport(source: Source, node: Node): TSESTree.ObjectExpression[] {
  return objectsBehind(source, node, tracedBeyond);
}

/** As `bindingOf`, and beyond this file. */
export function bindingBeyond(source: Source, node: Node, depth = 0): Binding {
  return bindingOfEntry(source, node, depth) ?? bindingOf(source, node, 0, tracedBeyond);
}

/** How `config.password` is bound where `config` is one of the entries of an object: `require('./config')[env]`. */
export function bindingOfEntry(source: Source, node: Node, depth = 0): Binding | undefined {
  if (depth > deepest) return undefined;
  const member = traced(source, node);
  const name = member.type === 'MemberExpression' ? nameOf(member) : undefined;
  const entry = member.type === 'MemberExpression' ? traced(source, member.object) : undefined;
  if (name === undefined || entry?.type !== 'MemberExpression' || nameOf(entry) !== undefined) return undefined;
  const [all] = objectsBehindImport(source, entry.object);
  const entries = all?.properties.flatMap((each) =>
    each.type === 'Property' ? objectsBehindImport(source, each.value) : [],
  );
  if (!entries || entries.length === 0) return undefined;
  const bindings = entries.map((each): Binding => {
    const property = findProperty(each, name);
    if (property) return bindingBeyond(source, property.value, depth + 1);
    return each.properties.some((one) => one.type === 'SpreadElement') ? 'unknown' : 'absent';
  });
  return bindings.find((each) => each !== 'absent') ?? 'absent';
}
