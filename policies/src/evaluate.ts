import {
  defaultLevel,
  fingerprintOf,
  inOrder,
  type Finding,
  type FindingPlace,
  type Level,
  type Preset,
  type Undecided,
} from '@keyturn/findings';
import type { Model, Resource } from '@keyturn/resources';
import { rotationGraphOf } from './graph/rotation-graph.js';
import { withDefaults } from './options.js';
import { policies as allPolicies } from './policies/index.js';
import { isOfType, type Policy, type PolicyContext, type Result } from './policy.js';

/** What a user sets for one rule. */
export interface RuleSetting {
  readonly level?: Level;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface EvaluateOptions {
  /** Default: `recommended`. */
  readonly preset?: Preset;
  /** Rule id → level, or level and options. */
  readonly rules?: Readonly<Record<string, Level | RuleSetting>>;
  /** Default: all of them. */
  readonly policies?: readonly Policy[];
  /** Where findings go whose resource has no place of its own. Default: line 1 of `Pulumi.yaml`. */
  readonly fallbackPlace?: FindingPlace;
}

/** Everything the policies have to say about a model. */
export interface Evaluation {
  readonly findings: readonly Finding[];
  readonly undecided: readonly Undecided[];
}

/** Runs every policy whose level is not `off` over every resource it looks at. */
export function evaluate(model: Model, options: EvaluateOptions = {}): Evaluation {
  const findings: Finding[] = [];
  const undecided: Undecided[] = [];
  const fallback = options.fallbackPlace ?? { file: 'Pulumi.yaml', line: 1 };

  for (const policy of options.policies ?? allPolicies) {
    const setting = settingOf(policy, options);
    if (setting.level === 'off') continue;
    const { level } = setting;

    for (const { resource, result } of check(policy, model, setting.options)) {
      const place = ('place' in result ? result.place : undefined) ?? resource.place ?? fallback;
      if (result.is === 'fail') {
        findings.push({
          rule: policy.facts.id,
          severity: policy.facts.severity,
          level,
          message: messageOf(policy, result.message),
          place,
          urn: resource.urn,
          ...(result.property === undefined ? {} : { property: result.property }),
          fingerprint: fingerprintOf(policy.facts.id, resource.urn, result.property ?? ''),
          ...(result.related ? { related: result.related } : {}),
        });
      } else if (result.is === 'undecided') {
        undecided.push({ rule: policy.facts.id, because: result.because, place, urn: resource.urn });
      }
    }
  }
  const byFingerprint = findings.sort((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : a.fingerprint > b.fingerprint ? 1 : 0,
  );
  return { findings: inOrder(byFingerprint), undecided: inUndecidedOrder(undecided) };
}

/** Every result of one policy, for the resources it looks at. */
export function* check(
  policy: Policy,
  model: Model,
  options?: Readonly<Record<string, unknown>>,
): Generator<{ readonly resource: Resource; readonly result: Result }> {
  const filled = withDefaults(policy.options, options);
  const sorted = inUrnOrder(model);
  const types = new Set(typesIn(sorted).filter((type) => isOfType(type, policy.types)));
  if (types.size === 0) return;
  for (const resource of model.resources) {
    if (!types.has(resource.type)) continue;
    const context: PolicyContext = {
      resource,
      model: sorted,
      get graph() {
        return rotationGraphOf(sorted);
      },
      options: filled,
    };
    const results = policy.check(context);
    for (const result of isList(results) ? results : [results]) yield { resource, result };
  }
}

const typesOfModels = new WeakMap<Model, readonly string[]>();

/** A model has few types and many resources: patterns are matched once per type. */
function typesIn(model: Model): readonly string[] {
  let types = typesOfModels.get(model);
  if (!types) {
    types = [...new Set(model.resources.map(({ type }) => type))];
    typesOfModels.set(model, types);
  }
  return types;
}

const sortedModels = new WeakMap<Model, Model>();

/** Policies see resources in one order, whatever order they were declared in: the first of several matches is always the same. */
function inUrnOrder(model: Model): Model {
  let sorted = sortedModels.get(model);
  if (!sorted) {
    const resources = [...model.resources].sort((a, b) => (a.urn < b.urn ? -1 : a.urn > b.urn ? 1 : 0));
    sorted = { ...model, resources };
    sortedModels.set(model, sorted);
  }
  return sorted;
}

/** What is wrong, then what to do. */
export function messageOf(policy: Policy, message: string): string {
  return `${message} ${policy.facts.fix}`;
}

function settingOf(
  policy: Policy,
  { preset = 'recommended', rules = {} }: EvaluateOptions,
): RuleSetting & { readonly level: Level } {
  const given = Object.hasOwn(rules, policy.facts.id) ? rules[policy.facts.id] : undefined;
  const setting: RuleSetting = typeof given === 'string' ? { level: given } : (given ?? {});
  return { ...setting, level: setting.level ?? defaultLevel(policy.facts.severity, preset) };
}

function isList(results: Result | readonly Result[]): results is readonly Result[] {
  return Array.isArray(results);
}

function inUndecidedOrder(undecided: readonly Undecided[]): Undecided[] {
  const key = ({ place, rule, urn, because }: Undecided) =>
    [place?.file ?? '', String(place?.line ?? 0).padStart(9, '0'), rule, urn ?? '', because].join('\u0000');
  return undecided
    .map((entry) => ({ entry, key: key(entry) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ entry }) => entry);
}
