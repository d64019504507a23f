import { at, text } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

export const k8sServiceAccountTokenSecret = definePolicy({
  facts: {
    id: 'k8s-service-account-token-secret',
    summary: 'Disallow service account tokens that never expire',
    severity: 'medium',
    breaks: 'The token is valid until somebody deletes the Secret, and nothing rotates it.',
    fix: 'Project a token into the pod (`serviceAccountToken` in a projected volume): the kubelet rotates it.',
    equivalents: ['deny-secret-service-account-token-type'],
  },
  types: ['kubernetes:core/v1:Secret'],
  needs: 'resource',
  check({ resource }) {
    const type = at(resource.properties, 'type');
    if (type.kind === 'unknown') return notKnown(resource, 'its type', 'type');
    return text(type) === 'kubernetes.io/service-account-token'
      ? fail(`Secret ${resource.name} asks for a token that never expires.`, 'type', type)
      : pass;
  },
});
