import { at, text } from '@keyturn/resources';
import { definePolicy, fail, notApplicable, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

export const k8sCsiRotationOff = definePolicy({
  facts: {
    id: 'k8s-csi-rotation-off',
    summary: 'Require the CSI driver for secrets to read them again',
    severity: 'high',
    breaks: 'Mounted secrets stay what they were when the pod started; a rotation arrives with the next restart.',
    fix: 'Set `enableSecretRotation` of the chart `secrets-store-csi-driver`.',
    equivalents: ['CKV_AZURE_172'],
  },
  types: ['kubernetes:helm.sh/*:Release', 'kubernetes:helm.sh/*:Chart'],
  needs: 'resource',
  check({ resource }) {
    const chart = at(resource.properties, 'chart');
    if (chart.kind === 'unknown') return notKnown(resource, 'which chart it installs', 'chart');
    if (
      (text(chart) ?? '')
        .split('/')
        .at(-1)
        ?.replace(/-\d[^/]*$/, '') !== 'secrets-store-csi-driver'
    ) {
      return notApplicable('another chart');
    }
    const values = at(resource.properties, 'values');
    const rotation = truthOf(at(values, 'enableSecretRotation'));
    if (rotation === 'on') return pass;
    if (rotation === 'unknown')
      return notKnown(resource, 'whether the driver reads secrets again', 'values.enableSecretRotation');
    return fail(
      `The CSI driver of ${resource.name} reads a secret once.`,
      'values.enableSecretRotation',
      at(values, 'enableSecretRotation'),
    );
  },
});
