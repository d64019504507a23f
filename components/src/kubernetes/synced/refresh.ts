import type { Duration, Link, Plan } from '@keyturn/plan';

import { type Refresh, refreshInterval } from '../refresh-interval.js';
import type { ByExternalSecrets } from './external-secrets.js';
import type { BySecretsStoreCsi } from './secrets-store-csi.js';
import type { ByVaultAgent } from './vault-agent.js';
import type { ByVaultSecretsOperator } from './vault-secrets-operator.js';

/** What can be installed in a cluster. */
export type Installed = ByExternalSecrets | ByVaultSecretsOperator | BySecretsStoreCsi | ByVaultAgent;

/** The kubelet looks once a minute, and its cache can be as old again. */
const kubelet: Link = { kind: 'sync', name: 'kubelet', longest: '2m' };

/** How often what is installed reads the store, and the plan with its links. */
export function syncRefresh(by: Installed, plan: Plan, asked: Duration | undefined): Refresh {
  switch (by.kind) {
    case 'external-secrets':
      return refreshInterval(plan, { name: 'External Secrets refresh', after: [kubelet] }, asked);
    case 'vault-secrets-operator':
      return refreshInterval(plan, { name: 'Vault Secrets Operator refresh', after: [kubelet] }, asked);
    case 'secrets-store-csi':
      return refreshInterval(plan, { name: 'CSI driver poll', after: [] }, by.pollInterval);
    case 'vault-agent-injector':
      return refreshInterval(plan, { name: 'Vault Agent render', after: [] }, asked);
  }
}
