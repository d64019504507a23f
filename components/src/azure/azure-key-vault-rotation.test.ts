import { readFileSync } from 'node:fs';

import { type HostSettings, hostVariables, NameError, PlanError } from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';

import { bundleFile } from '../bundle.js';
import { lister, valueOf } from '../kubernetes/building.testing.js';
import { ScheduleError } from '../schedule/rotation-schedule.js';
import { TransformError } from '../transform.js';
import { AzureKeyVaultRotation, type AzureKeyVaultRotationArgs, LookEveryError } from './azure-key-vault-rotation.js';
import { KeyVaultError } from './key-vault.js';

const vaultId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/shop';
const args: AzureKeyVaultRotationArgs = {
  pair: 'shop_app',
  database: { host: 'shop.postgres.database.azure.com', name: 'shop' },
  vaultId,
  adminSecretName: 'shop-rotator',
  resourceGroupName: 'g',
  schedule: { cron: '0 4 1 * *', timeZone: 'Europe/Berlin', blackout: [{ from: '2026-12-20', to: '2027-01-02' }] },
  plan: { consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
};
const day = 86_400_000;
const made = new Map<string, Readonly<Record<string, unknown>>>();

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => {
      const given = inputs as Record<string, unknown>;
      made.set(name, given);
      const outputs = { name, principalId: `${name}-principal`, clientId: `${name}-client`, url: `https://${name}` };
      return { id: `${name}-id`, state: { ...outputs, ...given } };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});

async function build(name: string, change: Partial<AzureKeyVaultRotationArgs> = {}) {
  const { lines, options } = lister();
  const rotation = new AzureKeyVaultRotation(name, { ...args, ...change }, options);
  await valueOf(rotation.ready);
  await new Promise((resolve) => setImmediate(resolve));
  return { rotation, lines };
}

const inputsOf = (name: string): Readonly<Record<string, unknown>> => made.get(name) ?? {};
const appSettings = (name: string) =>
  Object.fromEntries(
    (inputsOf(`${name}-rotator`)['siteConfig'] as { appSettings: { name: string; value: string }[] }).appSettings.map(
      (setting) => [setting.name, setting.value],
    ),
  );
const settingsOf = (name: string) =>
  JSON.parse(appSettings(name)[hostVariables.settings] ?? '') as HostSettings & { store: { validFor: number } };

describe('the children of AzureKeyVaultRotation', () => {
  it('have names that never change', async () => {
    expect((await build('login')).lines).toEqual([
      'login: keyturn:azure:AzureKeyVaultRotation',
      'login-identity: azure-native:managedidentity:UserAssignedIdentity < login',
      'login-storage: azure-native:storage:StorageAccount < login',
      'login-container: azure-native:storage:BlobContainer < login',
      'login-code: azure-native:storage:Blob < login',
      'login-role: azure-native:authorization:RoleDefinition < login',
      'login-writes-secret: azure-native:authorization:RoleAssignment < login',
      'login-uses-storage: azure-native:authorization:RoleAssignment < login',
      'login-plan: azure-native:web:AppServicePlan < login',
      'login-rotator: azure-native:web:WebApp < login',
      'login-near-expiry: azure-native:eventgrid:EventSubscription < login',
    ]);
  });

  it('have names that never change, of what is made when asked for', async () => {
    const { lines } = await build('told', { watch: { workspaceId: 'logs', actionGroupId: 'people' } });
    expect(lines.slice(11)).toEqual([
      'told-log: azure-native:monitor:DiagnosticSetting < told',
      ...['failed', 'blocked', 'overdue', 'silent'].map(
        (kind) => `told-${kind}: azure-native:monitor:ScheduledQueryRule < told`,
      ),
    ]);
  });

  it('give the function four rights on secrets of the vault and its own storage, and nothing else', async () => {
    await build('least');
    expect(inputsOf('least-role')).toMatchObject({
      roleDefinitionId: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
      ) as string,
      scope: '/subscriptions/s/resourceGroups/g',
      assignableScopes: ['/subscriptions/s/resourceGroups/g'],
      permissions: [
        {
          actions: [],
          dataActions: ['getSecret', 'setSecret', 'readMetadata', 'update'].map(
            (right) => `Microsoft.KeyVault/vaults/secrets/${right}/action`,
          ),
        },
      ],
    });
    const identity = { principalId: 'least-identity-principal', principalType: 'ServicePrincipal' };
    expect(inputsOf('least-writes-secret')).toEqual({
      ...identity,
      roleDefinitionId: 'least-role-id',
      scope: vaultId,
    });
    expect(inputsOf('least-uses-storage')).toEqual({
      ...identity,
      roleDefinitionId:
        '/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
      scope: 'least-storage-id',
    });
  });

  it('hold no secret, and no key of the storage', async () => {
    const { lines } = await build('clean');
    expect(lines.filter((line) => line.includes('azure-native:keyvault:'))).toEqual([]);
    const settings = appSettings('clean');
    expect(Object.keys(settings).sort()).toEqual([
      'AZURE_CLIENT_ID',
      'AzureWebJobsStorage__accountName',
      'AzureWebJobsStorage__clientId',
      'AzureWebJobsStorage__credential',
      'FUNCTIONS_EXTENSION_VERSION',
      'FUNCTIONS_WORKER_RUNTIME',
      'KEYTURN_SETTINGS',
      'KEYTURN_TEND',
      'WEBSITE_RUN_FROM_PACKAGE',
      'WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID',
    ]);
    expect(JSON.stringify(settings)).not.toMatch(/password|AccountKey|sig=/i);
  });

  it('start the function again with new code, by the name of the blob', async () => {
    await build('coded');
    expect(inputsOf('coded-code')['blobName']).toMatch(/^rotator-[0-9a-f]{16}\.zip$/);
    expect(appSettings('coded')['WEBSITE_RUN_FROM_PACKAGE']).toBe('https://coded-code');
    expect(inputsOf('coded-storage')['accountName']).toMatch(/^keyturn[0-9a-f]{17}$/);
  });
});

describe('AzureKeyVaultRotation', () => {
  it('tells the function all that it needs', async () => {
    await build('settled', {
      database: { ...args.database, endpoints: [{ name: 'ro', kind: 'reader', host: 'ro', port: 5432 }] },
    });
    expect(settingsOf('settled')).toEqual({
      pair: { name: 'shop_app', sharedRole: 'shop_app', users: ['shop_app_a', 'shop_app_b'] },
      plan: { ...args.plan, strategy: 'dual-user', every: 28 * day },
      schedule: {
        cron: '0 4 1 * *',
        timezone: 'Europe/Berlin',
        blackouts: [{ from: '2026-12-20', to: '2027-01-02' }],
      },
      sharedRole: 'owner',
      database: {
        engine: 'postgres',
        host: 'shop.postgres.database.azure.com',
        port: 5432,
        dbname: 'shop',
        admin: { secret: 'shop-rotator' },
        endpoints: [{ name: 'ro', kind: 'reader', host: 'ro', port: 5432 }],
      },
      store: {
        kind: 'azure-key-vault',
        vault: 'https://shop.vault.azure.net',
        name: 'shop-app',
        validFor: expect.any(Number) as number,
      },
      bootstrap: true,
    });
  });

  it.each([
    { engine: 'mysql', port: 3306, longest: 30 },
    { engine: 'mariadb', port: 3306, longest: 126 },
  ] as const)(
    'tells the function of $engine its port, and takes names that fit it',
    async ({ engine, port, longest }) => {
      const database = { engine, host: 'shop.mysql.database.azure.com', name: 'shop' };
      await build(engine, { database });
      expect(settingsOf(engine).database).toMatchObject({ engine, port });
      const named = (length: number) => ({ database, pair: 'p'.repeat(length), secretName: 'shop' });
      await build(`long-${engine}`, named(longest));
      await expect(build(`longer-${engine}`, named(longest + 1))).rejects.toThrow(NameError);
    },
  );

  it('is announced by Key Vault no earlier than the calendar rotates, so that the event never breaks a window', async () => {
    await build('calm', { schedule: { cron: '0 4 1 * *' } });
    await build('period', { schedule: { every: '60 days' } });
    expect(settingsOf('calm').store.validFor).toBe((31 + 30) * day);
    expect(settingsOf('period').store.validFor).toBe((60 + 30) * day);
    expect(settingsOf('period').schedule).toBeUndefined();
  });

  it('is called for its own secret, by the function that the bundle has', async () => {
    const { rotation } = await build('called', { secretName: 'other', lookEvery: 5 });
    expect(inputsOf('called-near-expiry')).toMatchObject({
      scope: vaultId,
      destination: { endpointType: 'AzureFunction', resourceId: 'called-rotator-id/functions/keyturn-near-expiry' },
      filter: {
        includedEventTypes: ['Microsoft.KeyVault.SecretNearExpiry'],
        advancedFilters: [{ operatorType: 'StringIn', key: 'data.ObjectName', values: ['other'] }],
      },
    });
    expect(readFileSync(bundleFile('azure-function'), 'utf8')).toContain('keyturn-near-expiry');
    expect(appSettings('called')['KEYTURN_TEND']).toBe('0 */5 * * * *');
    expect(await valueOf(rotation.secretScope)).toBe(`${vaultId}/secrets/other`);
  });

  it('runs in a subnet, with all that it sends, when one is given', async () => {
    await build('public');
    await build('inside', { subnetId: 'subnet' });
    expect(inputsOf('public-rotator')).not.toHaveProperty('virtualNetworkSubnetId');
    expect(inputsOf('inside-rotator')).toMatchObject({
      virtualNetworkSubnetId: 'subnet',
      outboundVnetRouting: { applicationTraffic: true },
    });
  });

  it('alerts on its own lines in a workspace that others write to as well', async () => {
    await build('watched', { watch: { workspaceId: 'logs', actionGroupId: 'people' } });
    await build('untold', { watch: { workspaceId: 'logs' } });
    const queryOf = (kind: string) =>
      (inputsOf(`watched-${kind}`)['criteria'] as { allOf: { query: string; operator: string }[] }).allOf[0];
    expect(queryOf('blocked')).toMatchObject({
      query:
        'FunctionAppLogs | where _ResourceId =~ "watched-rotator-id" | extend said = parse_json(Message) | where isnotempty(said.blocked_by)',
      operator: 'GreaterThan',
    });
    expect(queryOf('silent')).toMatchObject({ operator: 'LessThan', threshold: 1 });
    expect(inputsOf('watched-failed')['actions']).toEqual({ actionGroups: ['people'] });
    expect(inputsOf('untold-failed')['actions']).toEqual({ actionGroups: [] });
    expect(inputsOf('watched-log')).toEqual({
      resourceUri: 'watched-rotator-id',
      workspaceId: 'logs',
      logs: [{ category: 'FunctionAppLogs', enabled: true }],
    });
  });

  it('lets a transform change a child, but not whose events come', async () => {
    await build('changed', { transform: { plan: { sku: { name: 'P0v3' } }, app: { clientAffinityEnabled: false } } });
    expect(inputsOf('changed-plan')['sku']).toEqual({ name: 'P0v3' });
    expect(inputsOf('changed-rotator')['clientAffinityEnabled']).toBe(false);
    expect(() => new AzureKeyVaultRotation('deaf', { ...args, transform: { event: { scope: 'other' } } })).toThrow(
      TransformError,
    );
  });
});

describe('what AzureKeyVaultRotation refuses', () => {
  it.each([
    {
      name: 'a schedule that its consumers cannot follow',
      change: {
        schedule: { every: '1 days' },
        plan: { consumers: [{ name: 'batch', chain: [{ kind: 'process', longest: '2 days' }] }] },
      },
      error: PlanError,
      says: 'batch',
    },
    {
      name: 'a consumer that holds a credential until it is restarted',
      change: { plan: { consumers: [{ name: 'old', chain: [{ kind: 'process', longest: 'start-bound' }] }] } },
      error: PlanError,
      says: 'old holds a credential until it is restarted (store → process until restarted (no bound in time)), and the function cannot see restarts: no rotation would ever be allowed.',
    },
    {
      name: 'a window',
      change: { schedule: { cron: '0 4 1 * *', window: '3h' } },
      error: ScheduleError,
      says: 'knows no `window`',
    },
    {
      name: 'a pair whose users have no name',
      change: { pair: 'p'.repeat(63), secretName: 'shop' },
      error: NameError,
      says: 'has 65 bytes and the database allows 63',
    },
    {
      name: 'a secret that Key Vault does not take',
      change: { secretName: 'shop.app' },
      error: KeyVaultError,
      says: '"shop.app" cannot be the name of a secret in Key Vault.',
    },
    { name: 'no look', change: { lookEvery: 0 }, error: LookEveryError, says: 'got 0' },
    { name: 'a look beyond the hour', change: { lookEvery: 60 }, error: LookEveryError, says: 'got 60' },
  ] as const)('is $name', ({ change, error, says }) => {
    const making = () => new AzureKeyVaultRotation('refused', { ...args, ...change } as AzureKeyVaultRotationArgs);
    expect(making).toThrow(error);
    expect(making).toThrow(says);
  });
});
