import { createHash } from 'node:crypto';

import * as managedidentity from '@pulumi/azure-native/managedidentity/index.js';
import * as storage from '@pulumi/azure-native/storage/index.js';
import * as web from '@pulumi/azure-native/web/index.js';
import type * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';
import type { KeyVault } from './key-vault.js';
import { rotatorCode } from './rotator-code.js';
import { rotatorRights } from './rotator-rights.js';

export interface RotatorApp {
  readonly pair: string;
  readonly secretName: string;
  readonly vault: pulumi.Output<KeyVault>;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: pulumi.Input<string> | undefined;
  readonly subnetId: pulumi.Input<string> | undefined;
  /** Name of a size of App Service plans. */
  readonly size: string;
  readonly settings: Readonly<Record<string, pulumi.Input<string>>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly transform: {
    readonly storage?: Transform<storage.StorageAccountArgs> | undefined;
    readonly plan?: Transform<web.AppServicePlanArgs> | undefined;
    readonly app?: Transform<web.WebAppArgs> | undefined;
  };
}

type Options = pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource };

/** The function app with its identity, its rights, its plan, its storage and its code. */
export function rotatorApp(
  name: string,
  wanted: RotatorApp,
  child: Options,
): { readonly app: web.WebApp; readonly identity: managedidentity.UserAssignedIdentity } {
  const { pair, vault, resourceGroupName, location, subnetId, size, tags, transform } = wanted;
  const placed = { resourceGroupName, ...(location !== undefined && { location }), tags };

  const identity = new managedidentity.UserAssignedIdentity(`${name}-identity`, placed, child);
  const account = makeChild<storage.StorageAccountArgs, storage.StorageAccount>(storage.StorageAccount, {
    name: `${name}-storage`,
    args: {
      ...placed,
      accountName: vault.apply(({ id }) => accountName(`${id}/${wanted.secretName}/${name}`)),
      kind: 'StorageV2',
      // Reported when a key gets older; Azure switches nothing off.
      keyPolicy: { keyExpirationPeriodInDays: 90 },
      sku: { name: 'Standard_LRS' },
      allowBlobPublicAccess: false,
      defaultToOAuthAuthentication: true,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: 'TLS1_2',
    },
    options: child,
    transform: transform.storage,
  });
  const container = new storage.BlobContainer(
    `${name}-container`,
    { resourceGroupName, accountName: account.name, containerName: 'code', publicAccess: 'None' },
    child,
  );
  const { archive, digest } = rotatorCode();
  const code = new storage.Blob(
    `${name}-code`,
    {
      resourceGroupName,
      accountName: account.name,
      containerName: container.name,
      blobName: `rotator-${digest}.zip`,
      type: 'Block',
      contentType: 'application/zip',
      source: archive,
    },
    child,
  );
  const rights = rotatorRights(name, { pair, vault, storageId: account.id, principalId: identity.principalId }, child);

  const plan = makeChild<web.AppServicePlanArgs, web.AppServicePlan>(web.AppServicePlan, {
    name: `${name}-plan`,
    // `reserved` means Linux.
    args: { ...placed, kind: 'linux', reserved: true, sku: { name: size } },
    options: child,
    transform: transform.plan,
  });
  const settings = {
    FUNCTIONS_EXTENSION_VERSION: '~4',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage__accountName: account.name,
    AzureWebJobsStorage__credential: 'managedidentity',
    AzureWebJobsStorage__clientId: identity.clientId,
    // A new name for new code, so that the app starts again with it.
    WEBSITE_RUN_FROM_PACKAGE: code.url,
    WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID: identity.id,
    // Which identity the Azure SDK takes.
    AZURE_CLIENT_ID: identity.clientId,
    ...wanted.settings,
  };
  const app = makeChild<web.WebAppArgs, web.WebApp>(web.WebApp, {
    name: `${name}-rotator`,
    args: {
      ...placed,
      kind: 'functionapp,linux',
      serverFarmId: plan.id,
      httpsOnly: true,
      identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
      ...(subnetId !== undefined && {
        virtualNetworkSubnetId: subnetId,
        outboundVnetRouting: { applicationTraffic: true },
      }),
      siteConfig: {
        linuxFxVersion: 'NODE|22',
        // Timers run only while the app does.
        alwaysOn: true,
        ftpsState: 'Disabled',
        minTlsVersion: '1.2',
        appSettings: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
      },
    },
    options: { ...child, dependsOn: [...rights] },
    transform: transform.app,
  });
  return { app, identity };
}

/** Names of storage accounts are unique in the world, and hold up to 24 small letters and digits. */
function accountName(unique: string): string {
  return `keyturn${createHash('sha256').update(unique).digest('hex').slice(0, 17)}`;
}
