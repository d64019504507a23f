import type { FindingLink, RuleFacts } from '@keyturn/findings';
import type { Model, Place, Resource, Value } from '@keyturn/resources';
import type { RotationGraph } from './graph/rotation-graph.js';
import type { OptionsSchema } from './options.js';

/** What a policy has to say about one resource. Messages name resources and properties; they never hold a value that could be secret. */
export type Result =
  | { readonly is: 'pass' }
  | {
      readonly is: 'fail';
      /** What is wrong, as a sentence. The fix is added from the facts. */
      readonly message: string;
      /** Path of the property, as a person writes it: `spec.template.spec.containers[0].env[1]`. */
      readonly property?: string;
      /** Default: the place of the resource. */
      readonly place?: Place;
      /** The links of a chain. */
      readonly related?: readonly FindingLink[];
    }
  | { readonly is: 'undecided'; readonly because: string; readonly property?: string; readonly place?: Place }
  | { readonly is: 'not-applicable'; readonly because: string };

/** What a policy may look at. */
export interface PolicyContext<Options = Readonly<Record<string, unknown>>> {
  readonly resource: Resource;
  readonly model: Model;
  /** Computed once per model, when first asked for. */
  readonly graph: RotationGraph;
  /** With defaults filled in. */
  readonly options: Options;
}

/** Facts and one pure function over the model. */
export interface Policy {
  readonly facts: RuleFacts;
  /** Type tokens it looks at. `*` stands for any text without a colon: `kubernetes:external-secrets.io/*:ExternalSecret`. */
  readonly types: readonly string[];
  /** `graph`: looks at more than one resource, or at where values come from; CrossGuard tells that only for a whole stack. */
  readonly needs: 'resource' | 'graph';
  readonly options?: OptionsSchema;
  /** What CrossGuard may write into the resource at the level `remediate`. Only where nothing is lost by it, and no value is guessed. */
  readonly remedy?: { readonly property: string; readonly value: boolean };
  check(context: PolicyContext): Result | readonly Result[];
}

/** A policy whose options have a type. The caller promises that the schema and the type say the same. */
export function definePolicy<Options = Readonly<Record<string, unknown>>>(
  policy: Omit<Policy, 'check'> & {
    check(context: PolicyContext<Options>): Result | readonly Result[];
  },
): Policy {
  return { ...policy, check: (context) => policy.check(context as PolicyContext<Options>) };
}

export const pass: Result = { is: 'pass' };

/** The answer for something the policy has no opinion on. */
export function notApplicable(because: string): Result {
  return { is: 'not-applicable', because };
}

/** A finding at a property; its place is that of the value where the reader knows it. */
export function fail(message: string, property?: string, value?: Value): Result {
  const place = value && value.kind !== 'absent' ? value.place : undefined;
  return { is: 'fail', message, ...(property === undefined ? {} : { property }), ...(place ? { place } : {}) };
}

/** No answer before the deployment. `what` completes "… is not known before the deployment". */
export function notKnown(resource: Resource, what: string, property?: string): Result {
  const because = `${resource.name}: ${what} is not known before the deployment`;
  return { is: 'undecided', because, ...(property === undefined ? {} : { property }) };
}

/** True when the type token is one of the patterns. */
export function isOfType(type: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matcherOf(pattern)(type));
}

const matchers = new Map<string, (type: string) => boolean>();

function matcherOf(pattern: string): (type: string) => boolean {
  let matcher = matchers.get(pattern);
  if (!matcher) {
    if (pattern.includes('*')) {
      const source = pattern
        .split('*')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('[^:]*');
      const expression = new RegExp(`^${source}$`);
      matcher = (type) => expression.test(type);
    } else {
      matcher = (type) => type === pattern;
    }
    matchers.set(pattern, matcher);
  }
  return matcher;
}
