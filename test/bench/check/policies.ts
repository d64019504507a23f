import { evaluate, policies } from '@keyturn/policies';

import { checkModel } from './model.js';

export interface PolicyTimes {
  readonly resources: number;
  readonly rules: number;
  readonly ms: number;
  readonly growth: readonly { readonly resources: number; readonly ms: number }[];
}

/** Every policy over models of growing size. Each size is a fresh model, so nothing is remembered from the one before. */
export function measurePolicies(sizes: readonly [number, ...number[]]): PolicyTimes {
  evaluate(checkModel(200), { preset: 'strict' });
  const growth = sizes.map((resources) => ({ resources, ms: median([1, 2, 3].map(() => time(resources))) }));
  return { resources: sizes[0], rules: policies.length, ms: growth[0]?.ms ?? 0, growth };
}

function time(resources: number): number {
  const model = checkModel(resources);
  const started = performance.now();
  const { findings } = evaluate(model, { preset: 'strict' });
  if (findings.length === 0) throw new Error('The rules found nothing in a model full of mistakes.');
  return Math.round(performance.now() - started);
}

export function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
