import { createHash } from 'node:crypto';

import * as authorization from '@pulumi/azure-native/authorization/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { KeyVault } from './key-vault.js';

/** "Storage Blob Data Owner": the Functions host keeps its leases and keys in blobs, and reads its code from one. */
const blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b';

/** What the store does: read and write values, list versions, disable those that nobody needs. Nothing deletes, and nothing reads keys. */
const dataActions = ['getSecret', 'setSecret', 'readMetadata', 'update'].map(
  (right) => `Microsoft.KeyVault/vaults/secrets/${right}/action`,
);

export interface Rights {
  readonly pair: string;
  readonly vault: pulumi.Input<KeyVault>;
  readonly storageId: pulumi.Input<string>;
  readonly principalId: pulumi.Input<string>;
}

/** Lets the identity of the function write secrets of the vault, and use its own storage. Returns what the function waits for. */
export function rotatorRights(
  name: string,
  { pair, vault, storageId, principalId }: Rights,
  options: pulumi.CustomResourceOptions,
): readonly pulumi.Resource[] {
  const known = pulumi.output(vault);
  const role = new authorization.RoleDefinition(
    `${name}-role`,
    {
      roleName: known.apply(({ id }) => `keyturn ${pair} in ${id.split('/').at(-1) ?? id}`),
      description: `Lets the rotator of the pair ${pair} write its secret.`,
      roleDefinitionId: known.apply(({ id }) => uuidOf(`${id}/${pair}`)),
      // A role of one's own belongs to a resource group at the least; it is assigned at the vault alone.
      scope: known.resourceGroupId,
      assignableScopes: [known.resourceGroupId],
      permissions: [{ actions: [], dataActions }],
    },
    options,
  );
  const assign = (part: string, roleDefinitionId: pulumi.Input<string>, scope: pulumi.Input<string>) =>
    new authorization.RoleAssignment(
      `${name}-${part}`,
      // The type is said, because a new identity takes a while until the directory knows it.
      { principalId, principalType: 'ServicePrincipal', roleDefinitionId, scope },
      options,
    );
  return [
    assign('writes-secret', role.id, known.id),
    assign(
      'uses-storage',
      pulumi.interpolate`/subscriptions/${known.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${blobDataOwner}`,
      storageId,
    ),
  ];
}

/** The same for the same text, in the form of a UUID of version 8. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
