import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sSecretSubpath } from './k8s-secret-subpath.js';

const samples = samplesOf('k8s-secret-subpath').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-secret-subpath', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sSecretSubpath, model))).toEqual([
      [
        'fail: web mounts the Secret that ExternalSecret db writes every 1h with a subPath, so container app never sees the change.',
      ],
      [
        'fail: web mounts the Secret that ExternalSecret db writes every 15m with a subPath, so container app never sees the change.',
      ],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sSecretSubpath, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.template.spec.containers.0.volumeMounts.0.name` is not known', () => {
    expect(
      says(
        k8sSecretSubpath,
        hidden(incorrect[0], 'web', ['spec', 'template', 'spec', 'containers', 0, 'volumeMounts', 0, 'name']),
      ),
    ).toEqual([
      'undecided: web: what stands at `spec.template.spec.containers[0].volumeMounts[0].name` is not known before the deployment',
    ]);
  });
});
