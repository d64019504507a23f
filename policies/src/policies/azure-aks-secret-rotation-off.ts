import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

export const azureAksSecretRotationOff = definePolicy({
  facts: {
    id: 'azure-aks-secret-rotation-off',
    summary: 'Require the Key Vault add-on of AKS to read secrets again',
    severity: 'high',
    breaks: 'Mounted secrets stay what they were when the pod started; a rotation arrives with the next restart.',
    fix: 'Switch secret rotation of the add-on on.',
    equivalents: ['CKV_AZURE_172'],
  },
  types: [
    'azure-native:containerservice*:ManagedCluster',
    'azure:containerservice/kubernetesCluster:KubernetesCluster',
  ],
  needs: 'resource',
  check({ resource }) {
    const native = resource.type.startsWith('azure-native:');
    const addOn = native
      ? at(resource.properties, 'addonProfiles', 'azureKeyvaultSecretsProvider')
      : at(resource.properties, 'keyVaultSecretsProvider');
    const where = native
      ? 'addonProfiles.azureKeyvaultSecretsProvider.config.enableSecretRotation'
      : 'keyVaultSecretsProvider.secretRotationEnabled';
    if (addOn.kind === 'absent') return pass;
    const enabled = native ? truthOf(at(addOn, 'enabled')) : 'on';
    if (enabled === 'off' || enabled === 'absent') return pass;
    const rotation = at(addOn, ...(native ? ['config', 'enableSecretRotation'] : ['secretRotationEnabled']));
    const rotates = truthOf(rotation);
    if (rotates === 'on') return pass;
    if (rotates === 'unknown' || enabled === 'unknown' || addOn.kind === 'unknown')
      return notKnown(resource, 'whether its add-on reads secrets again', where);
    return fail(`The Key Vault add-on of ${resource.name} reads a secret once.`, where, rotation);
  },
});
