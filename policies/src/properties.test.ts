import fc from 'fast-check';
import type { Model, ObjectValue, Resource, Value } from '@keyturn/resources';
import { describe, expect, it } from 'vitest';
import { check, evaluate } from './evaluate.js';
import { evaluated, modelOfSample, samplesOf } from './page-samples.js';
import { policies } from './policies/index.js';
import type { Policy } from './policy.js';

const everyRule = Object.fromEntries(policies.map(({ facts }) => [facts.id, 'warn' as const]));

interface Sample {
  readonly policy: Policy;
  readonly model: Model;
}

const samples: readonly Sample[] = policies.flatMap((policy) =>
  samplesOf(policy.facts.id)
    .filter(({ language }) => evaluated.has(language))
    .map((sample) => ({ policy, model: modelOfSample(sample) })),
);
const failing = samples.filter(({ policy, model }) =>
  [...check(policy, model)].some(({ result }) => result.is === 'fail'),
);

/** The tree with the leaf or branch at `index` (in order of a walk) changed. */
function changeAt(value: Value, index: number, change: (value: Value) => Value): { value: Value; left: number } {
  if (index === 0) return { value: change(value), left: -1 };
  let left = index - 1;
  const child = (item: Value): Value => {
    if (left < 0) return item;
    const changed = changeAt(item, left, change);
    left = changed.left;
    return changed.value;
  };
  if (value.kind === 'list') return { value: { ...value, items: value.items.map(child) }, left };
  if (value.kind === 'object') {
    return { value: { ...value, fields: new Map([...value.fields].map(([key, field]) => [key, child(field)])) }, left };
  }
  return { value, left };
}

function size(value: Value): number {
  if (value.kind === 'list') return 1 + value.items.reduce((sum, item) => sum + size(item), 0);
  if (value.kind === 'object') return 1 + [...value.fields.values()].reduce((sum, field) => sum + size(field), 0);
  return 1;
}

const hide = (value: Value): Value =>
  value.kind === 'absent'
    ? value
    : { kind: 'unknown', because: 'hidden', secret: false, provenance: { kind: 'unknown' } };

function withValue(model: Model, resource: Resource, index: number): Model {
  const changed = changeAt(resource.properties, index + 1, hide).value as ObjectValue;
  // Nothing else may give away what the hidden value was.
  const replaced: Resource = { ...resource, properties: changed, propertyDependencies: new Map() };
  return { ...model, resources: model.resources.map((other) => (other === resource ? replaced : other)) };
}

describe('all policies', () => {
  it('have samples that fail', () => {
    expect(new Set(failing.map(({ policy }) => policy.facts.id)).size).toBe(policies.length);
  });

  it('never turn a finding into a pass when a value becomes unknown', () => {
    for (const { policy, model } of failing) {
      for (const resource of model.resources) {
        for (let index = 0; index < size(resource.properties) - 1; index++) {
          const before = [...check(policy, model)]
            .filter(({ result }) => result.is === 'fail')
            .map((entry) => entry.resource.urn);
          const after = [...check(policy, withValue(model, resource, index))];
          for (const urn of new Set(before)) {
            const now = after.filter((entry) => entry.resource.urn === urn).map(({ result }) => result.is);
            expect(
              now.some((is) => is === 'fail' || is === 'undecided'),
              `${policy.facts.id}: value ${index} of ${resource.name} unknown, ${urn} says ${now.join() || 'nothing'}`,
            ).toBe(true);
          }
        }
      }
    }
  });

  it('each leave something undecided', () => {
    const open = policies.filter(
      (policy) =>
        !samples.some(
          (sample) =>
            sample.policy === policy &&
            sample.model.resources.some((resource) =>
              Array.from({ length: size(resource.properties) - 1 }, (_, index) =>
                check(policy, withValue(sample.model, resource, index)),
              ).some((results) => [...results].some(({ result }) => result.is === 'undecided')),
            ),
        ),
    );
    expect(open.map(({ facts }) => facts.id)).toEqual([]);
  });

  it('say the same in whatever order resources are declared', () => {
    const all: Model = {
      resources: samples.flatMap(({ model }, index) => model.resources.map((resource) => apart(resource, index))),
      notAnalysed: [],
    };
    const before = evaluate(all, { rules: everyRule });
    fc.assert(
      fc.property(fc.shuffledSubarray([...all.resources], { minLength: all.resources.length }), (resources) => {
        expect(evaluate({ ...all, resources }, { rules: everyRule })).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  it('never say a value that is secret', () => {
    const canary = 'canary7d41d8cd98f00b204';
    const poison = (value: Value): Value => {
      if (value.kind === 'known' && typeof value.value === 'string')
        return { ...value, secret: true, value: `${canary}${value.value}` };
      if (value.kind === 'list') return { ...value, items: value.items.map(poison) };
      if (value.kind === 'object')
        return { ...value, fields: new Map([...value.fields].map(([key, field]) => [key, poison(field)])) };
      return value;
    };
    const one = (value: Value): Value =>
      value.kind === 'known' && typeof value.value === 'string'
        ? { ...value, secret: true, value: canary + value.value }
        : value;
    for (const { model } of samples) {
      const all = {
        ...model,
        resources: model.resources.map((resource) => ({
          ...resource,
          properties: poison(resource.properties) as ObjectValue,
        })),
      };
      expect(JSON.stringify(evaluate(all, { rules: everyRule }))).not.toContain(canary);
      for (const resource of model.resources) {
        for (let index = 1; index < size(resource.properties); index++) {
          const changed = { ...resource, properties: changeAt(resource.properties, index, one).value as ObjectValue };
          const poisoned = {
            ...model,
            resources: model.resources.map((other) => (other === resource ? changed : other)),
          };
          expect(JSON.stringify(evaluate(poisoned, { rules: everyRule }))).not.toContain(canary);
        }
      }
    }
  });
});

/** The same resource under a place of its own, so that samples of different pages can stand in one model. */
function apart(resource: Resource, index: number): Resource {
  return { ...resource, urn: `${resource.urn}#${index}` };
}
