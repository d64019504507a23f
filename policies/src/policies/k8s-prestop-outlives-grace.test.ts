import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sPrestopOutlivesGrace } from './k8s-prestop-outlives-grace.js';

const samples = samplesOf('k8s-prestop-outlives-grace').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-prestop-outlives-grace', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sPrestopOutlivesGrace, model))).toEqual([
      ['fail: The preStop hook of container app in web sleeps 20 s, and the pod is killed after 20 s.'],
      ['fail: The preStop hook of container app in web sleeps 60 s, and the pod is killed after 30 s.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sPrestopOutlivesGrace, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.template.spec.containers.0.lifecycle.preStop.sleep.seconds` is not known', () => {
    expect(
      says(
        k8sPrestopOutlivesGrace,
        hidden(incorrect[0], 'web', [
          'spec',
          'template',
          'spec',
          'containers',
          0,
          'lifecycle',
          'preStop',
          'sleep',
          'seconds',
        ]),
      ),
    ).toEqual(['undecided: web: how long container app takes to stop is not known before the deployment']);
  });
});
