import { defaultLevel, pageOf, type Level, type Preset } from '@keyturn/findings';
import type { Model } from '@keyturn/resources';
import type {
  EnforcementLevel,
  Policies,
  PolicyResource,
  ReportViolation,
  ResourceRemediation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from '@pulumi/policy';
import { checkOptions } from '../check-options.js';
import { check, messageOf } from '../evaluate.js';
import { policies as allPolicies } from '../policies/index.js';
import { isOfType, type Policy } from '../policy.js';
import { ExceptionBook, type PackException } from './exceptions.js';
import { readResource, readStack } from './model.js';

const enforcement: Readonly<Record<Level, EnforcementLevel>> = {
  block: 'mandatory',
  warn: 'advisory',
  off: 'disabled',
};

/** Id of the policy that says what could not be decided. */
export const undecidedId = 'keyturn-undecided';

/** Id of the policy that says which exceptions are over, and which cover nothing. */
export const exceptionsId = 'keyturn-exceptions';

/** Policies in CrossGuard's shape. No server is started: `new PolicyPack` does that. */
export function createPolicies(
  preset: Preset = 'recommended',
  policies: readonly Policy[] = allPolicies,
  exceptions: readonly PackException[] = [],
): Policies {
  const known = new Set(policies.map(({ facts }) => facts.id));
  const stack = new StackPass(new ExceptionBook(exceptions, undefined, (rule) => known.has(rule)));
  return [
    ...policies.map((policy) =>
      policy.needs === 'resource' ? resourcePolicy(policy, preset, stack) : stackPolicy(policy, preset, stack),
    ),
    undecidedPolicy(stack),
    exceptionsPolicy(stack),
  ];
}

function common(policy: Policy, preset: Preset) {
  const { facts, options } = policy;
  return {
    name: facts.id,
    description: `${facts.summary}.`,
    severity: facts.severity,
    enforcementLevel: enforcement[defaultLevel(facts.severity, preset)],
    remediationSteps: facts.fix,
    url: pageOf(facts.id),
    tags: ['credentials', 'rotation'],
    ...(options ? { configSchema: { properties: propertiesOf(options) } } : {}),
  };
}

/** CrossGuard writes into what it is given, so it gets its own copy. */
function propertiesOf(options: NonNullable<Policy['options']>) {
  return Object.fromEntries(
    Object.entries(options.properties).map(([name, option]) => [
      name,
      option.type === 'array' ? { ...option, items: { ...option.items }, default: [...option.default] } : { ...option },
    ]),
  );
}

function resourcePolicy(policy: Policy, preset: Preset, stack: StackPass): ResourceValidationPolicy {
  return {
    ...common(policy, preset),
    ...(policy.remedy ? { remediateResource: remediationOf(policy, policy.remedy, stack) } : {}),
    validateResource(args, report) {
      if (!isOfType(args.type, policy.types)) args.notApplicable('not a type of resource that this policy looks at');
      const options = checkOptions(policy, args.getConfig());
      stack.forget(policy, args.urn);
      stack.exceptions.note(args.urn, args.opts.ignoreChanges);
      reportFindings(
        policy,
        { resources: [readResource(args)], notAnalysed: [], secretMarks: 'hidden' },
        options,
        report,
        stack,
      );
    },
  };
}

/** Writes the remedy where the policy is sure that it is wanted. CrossGuard asks only at the level `remediate`. */
function remediationOf(
  policy: Policy,
  remedy: NonNullable<Policy['remedy']>,
  { exceptions }: StackPass,
): ResourceRemediation {
  return (args) => {
    if (!isOfType(args.type, policy.types)) return undefined;
    const model: Model = { resources: [readResource(args)], notAnalysed: [], secretMarks: 'hidden' };
    const results = [...check(policy, model, checkOptions(policy, args.getConfig()))];
    if (!results.some(({ result }) => result.is === 'fail')) return undefined;
    exceptions.note(args.urn, args.opts.ignoreChanges);
    if (exceptions.covers(policy.facts.id, args.urn)) return undefined;
    return Object.assign(args.props, { [remedy.property]: remedy.value });
  };
}

function stackPolicy(policy: Policy, preset: Preset, stack: StackPass): StackValidationPolicy {
  return {
    ...common(policy, preset),
    validateStack(args, report) {
      if (!args.resources.some(({ type }) => isOfType(type, policy.types))) {
        args.notApplicable('no resource of a type that this policy looks at');
      }
      const options = checkOptions(policy, args.getConfig());
      const model = stack.modelFor(policy.facts.id, args.resources);
      stack.forget(policy);
      reportFindings(policy, model, options, report, stack);
    },
  };
}

function reportFindings(
  policy: Policy,
  model: Model,
  options: Readonly<Record<string, unknown>>,
  report: ReportViolation,
  stack: StackPass,
): void {
  for (const { resource, result } of check(policy, model, options)) {
    if (result.is === 'fail') {
      if (!stack.exceptions.covers(policy.facts.id, resource.urn))
        report(messageOf(policy, result.message), resource.urn);
    } else if (result.is === 'undecided') stack.remember(policy, resource.urn, result.because);
  }
}

/**
 * Says, as advice, what the policies that ran could not decide: silence would look like a pass. It stands last, because the SDK runs
 * policies in their order; one that is switched off does not run, and leaves nothing to say.
 */
function undecidedPolicy(stack: StackPass): StackValidationPolicy {
  return {
    name: undecidedId,
    description: 'Say what could not be decided before the deployment.',
    severity: 'low',
    enforcementLevel: 'advisory',
    validateStack(args, report) {
      const urns = new Set(args.resources.map(({ urn }) => urn));
      for (const [urn, reasons] of stack.takeUndecided()) if (urns.has(urn)) report([...reasons].join('\n'), urn);
    },
  };
}

/** Runs last, when every policy that is on has asked for its exceptions. */
function exceptionsPolicy(stack: StackPass): StackValidationPolicy {
  return {
    name: exceptionsId,
    description: 'Say which exceptions are over, and which cover nothing.',
    severity: 'medium',
    enforcementLevel: 'advisory',
    validateStack(_args, report) {
      for (const problem of stack.exceptions.problems(stack.takeRan())) report(problem);
    },
  };
}

/** The model of a stack, made once for all the policies that one request runs. */
class StackPass {
  /** Policy → URN → what it could not decide. */
  readonly #open = new Map<string, Map<string, Set<string>>>();
  #urns = '';
  #served = new Set<string>();
  #model: Model = { resources: [], notAnalysed: [] };
  #ran = new Set<string>();
  readonly exceptions: ExceptionBook;

  constructor(exceptions: ExceptionBook) {
    this.exceptions = exceptions;
  }

  /** The policies that ran since the last whole stack. */
  takeRan(): ReadonlySet<string> {
    const ran = this.#ran;
    this.#ran = new Set();
    return ran;
  }

  remember({ facts: { id } }: Policy, urn: string, because: string): void {
    const ofPolicy = this.#open.get(id) ?? new Map<string, Set<string>>();
    const reasons = ofPolicy.get(urn) ?? new Set<string>();
    this.#open.set(id, ofPolicy.set(urn, reasons.add(`${id}: ${because}`)));
  }

  /** A policy runs again: what it could not decide before, about one resource or about all, is out of date. */
  forget({ facts: { id } }: Policy, urn?: string): void {
    this.#ran.add(id);
    if (urn === undefined) this.#open.delete(id);
    else this.#open.get(id)?.delete(urn);
  }

  /** What this request could not decide; the next one begins with nothing, so a policy that is switched off leaves nothing behind. */
  takeUndecided(): ReadonlyMap<string, readonly string[]> {
    const byUrn = new Map<string, string[]>();
    for (const ofPolicy of this.#open.values()) {
      for (const [urn, reasons] of ofPolicy) byUrn.set(urn, [...(byUrn.get(urn) ?? []), ...reasons]);
    }
    this.#open.clear();
    return byUrn;
  }

  /** The SDK runs every policy once per request: a policy that comes back, or other resources, mean another request. */
  modelFor(policy: string, resources: readonly PolicyResource[]): Model {
    const urns = resources.map(({ urn }) => urn).join('\n');
    if (this.#served.size === 0 || this.#served.has(policy) || urns !== this.#urns) {
      this.#model = readStack(resources);
      for (const { urn, opts } of resources) this.exceptions.note(urn, opts.ignoreChanges);
      this.#urns = urns;
      this.#served = new Set();
    }
    this.#served.add(policy);
    return this.#model;
  }
}
