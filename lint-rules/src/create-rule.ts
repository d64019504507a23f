import { type RuleFacts, pageOf } from '@keyturn/findings';
import type { JSONSchema, TSESLint } from '@typescript-eslint/utils';
import { type FileExceptions, accepts, exceptionsOf } from './exceptions/exceptions.js';
import type { Source } from './origin.js';

/** What a lint rule says about itself beside its facts. */
export interface RuleDocs {
  readonly description: string;
  readonly url: string;
  readonly severity: RuleFacts['severity'];
  readonly breaks: string;
  readonly fix: string;
  /** In `recommended`; rules that are not are in `strict` alone. */
  readonly recommended: boolean;
}

export type Context<Ids extends string, Options extends readonly unknown[]> = Readonly<
  TSESLint.RuleContext<Ids, Options>
>;

interface Definition<Options extends readonly unknown[], Ids extends string> {
  readonly facts: RuleFacts;
  /** Default `true`. */
  readonly recommended?: boolean;
  readonly messages: Readonly<Record<Ids, string>>;
  readonly schema: readonly JSONSchema.JSONSchema4[];
  readonly defaultOptions: Options;
  readonly hasSuggestions?: boolean;
  /** What ESLint hands out is slow to look into, so the source is given, too. */
  create(context: Context<Ids, Options>, options: Options, source: Source): TSESLint.RuleListener;
}

/** A rule with the facts that index, pages and configs are made from. */
export interface LintRule extends TSESLint.RuleModule<string, readonly unknown[], RuleDocs> {
  readonly facts: RuleFacts;
}

/** What ESLint and editors show of a rule. */
export function docsOf(facts: RuleFacts, recommended = true): RuleDocs & { description: string; url: string } {
  const { summary, severity, breaks, fix } = facts;
  return { description: summary, url: pageOf(facts.id), severity, breaks, fix, recommended };
}

/** Makes an ESLint rule. Options that are missing come from `defaultOptions`, key by key. */
export function createRule<Options extends readonly unknown[], Ids extends string>(
  definition: Definition<Options, Ids>,
): LintRule {
  const { facts, messages, schema, defaultOptions, create } = definition;
  const optionsOf = completing(defaultOptions);
  const rule: TSESLint.RuleModule<Ids, Options, RuleDocs> & { facts: RuleFacts } = {
    facts,
    meta: {
      type: 'problem',
      docs: docsOf(facts, definition.recommended),
      messages,
      schema,
      defaultOptions,
      ...(definition.hasSuggestions ? { hasSuggestions: true } : {}),
    },
    defaultOptions,
    create(context) {
      const { sourceCode } = context;
      if (!isScript(sourceCode)) return {};
      const exceptions = exceptionsOf(context, sourceCode);
      const own = exceptions ? withExceptions(context, facts.id, exceptions) : context;
      return create(own, optionsOf(context.options), sourceCode);
    },
  };
  return rule as unknown as LintRule;
}

/** The context of a rule that keeps quiet about what a comment accepts. */
function withExceptions<Ids extends string, Options extends readonly unknown[]>(
  context: Context<Ids, Options>,
  id: string,
  exceptions: FileExceptions,
): Context<Ids, Options> {
  exceptions.ran.add(id);
  const report: typeof context.report = (found) => {
    const loc = 'loc' in found && found.loc ? found.loc : 'node' in found ? found.node.loc : undefined;
    const line = loc && ('start' in loc ? loc.start.line : loc.line);
    if (line === undefined || !accepts(exceptions, id, line)) context.report(found);
  };
  return Object.create(context, { report: { value: report } }) as Context<Ids, Options>;
}

/** False for documents, which other languages of ESLint parse. */
function isScript({ ast }: { readonly ast: { readonly type: string; readonly body?: unknown } }): boolean {
  return ast.type === 'Program' && Array.isArray(ast.body);
}

/** The options of all files of a configuration are the same object, so the latest is kept. */
function completing<Options extends readonly unknown[]>(defaults: Options): (given: Options) => Options {
  let latest: { readonly first: unknown; readonly options: Options } | undefined;
  return (given) => {
    if (given.length !== 1) return withDefaults(given, defaults);
    if (latest && latest.first === given[0]) return latest.options;
    latest = { first: given[0], options: withDefaults(given, defaults) };
    return latest.options;
  };
}

function withDefaults<Options extends readonly unknown[]>(given: Options, defaults: Options): Options {
  if (given.length === 0) return defaults;
  return defaults.map((fallback, index) => {
    const value: unknown = given[index];
    return isPlain(fallback) && isPlain(value) ? { ...fallback, ...value } : (value ?? fallback);
  }) as unknown as Options;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The option that most rules have alone. */
export interface TestsOption {
  readonly checkTests: boolean;
}

export const testsSchema: readonly JSONSchema.JSONSchema4[] = [
  {
    type: 'object',
    additionalProperties: false,
    properties: { checkTests: { type: 'boolean', description: 'Also look into test files.' } },
  },
];

export const testsDefault: [TestsOption] = [{ checkTests: false }];
