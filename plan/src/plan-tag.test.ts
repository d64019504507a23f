import { describe, expect, it } from 'vitest';

import type { Plan } from './plan.js';
import { planTag, readPlanTag, summaryOf } from './plan-tag.js';

const consumers = Array.from({ length: 40 }, (_, index) => ({
  name: `a consumer with a long name, number ${index}`,
  chain: [
    { kind: 'cache' as const, longest: '1h' as const },
    { kind: 'pool' as const, longest: '30m' as const },
  ],
}));
const restarted = { name: 'batch', chain: [{ kind: 'process' as const, longest: 'start-bound' as const }] };

describe('a plan in a tag', () => {
  it('says in words what policies need to know', () => {
    const plan: Plan = { strategy: 'dual-user', every: '28 days', consumers };
    expect(planTag(plan)).toBe('dual-user every 28d longest 1h 30m');
    expect(planTag({ ...plan, consumers: [...consumers, restarted] })).toBe(
      'dual-user every 28d longest 1h 30m or until restarted',
    );
  });

  it.each<Plan>([
    { strategy: 'dual-user', every: '28d', consumers },
    { strategy: 'dual-user', every: '36h', consumers: [...consumers, restarted] },
    { strategy: 'single-user', every: '250ms', consumers: [] },
  ])('is read as it was written: every $every', (plan) => {
    const tag = planTag(plan);
    expect(readPlanTag(tag)).toEqual(summaryOf(plan));
    expect(tag).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u);
  });

  it.each(['dual-user every 30 days', '{}', '', 'sometimes every 1d longest 1h', 'dual-user every 1d longest soon'])(
    'is not read from another text: %j',
    (text) => {
      expect(readPlanTag(text)).toBeUndefined();
    },
  );
});
