import type { SecretClient } from '@azure/keyvault-secrets';
import { type AzureHostStore, type HostSettings, milliseconds } from '@keyturn/plan';

import { NotBootstrappedError } from '../../database.js';
import { createRotator, type ResumeResult, type Rotator } from '../../rotator.js';
import { AzureKeyVaultStore } from '../../stores/azure-key-vault/azure-key-vault-store.js';
import { databaseOf } from '../aws-lambda/database.js';
import { type HostLog, hostLog } from '../log.js';
import { MetricsError, pushReadings } from '../otlp.js';
import { hostSettingsFrom, type Login } from '../settings.js';
import { SettingsError } from '../settings-error.js';
import { tend } from '../tend.js';
import { tlsFrom } from '../tls.js';

/** What Event Grid sends; the event schema of Event Grid names its type `eventType`, that of CloudEvents `type`. */
export interface NearExpiryEvent {
  readonly eventType?: string;
  readonly type?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The rotation did not come to its end. Event Grid delivers the event again, for a day. */
export class RotationBlocked extends Error {
  override readonly name = 'RotationBlocked';
}

export interface AzureFunctionOptions {
  /** Makes a client for a vault, with the identity of the function. */
  readonly clientFor: (vault: string) => SecretClient;
  /** `KEYTURN_SETTINGS` holds a HostSettings as JSON, or `KEYTURN_SETTINGS_FILE` names a file with it. */
  readonly env: NodeJS.ProcessEnv;
  /** One line of JSON for each thing that happens; no secrets. Default: standard output. */
  readonly write?: (line: string) => void;
}

/** What the function does when Key Vault announces an expiry, and every few minutes. */
export interface AzureFunction {
  /**
   * Rotates when the event says that the published version of our secret is near its expiry; an event about something else, or about a version
   * that was replaced since, changes nothing.
   *
   * @throws RotationBlocked when a session or the database keeps the rotation.
   */
  nearExpiry(event: unknown): Promise<void>;
  /** Finishes what is half done, advances when the plan says so, and retires. */
  tend(): Promise<void>;
}

export const nearExpiryType = 'Microsoft.KeyVault.SecretNearExpiry';

/** Key Vault sends the event this long before the expiry. */
const noticeMs = milliseconds('30d');

/** @throws SettingsError when the settings are missing or wrong. */
export function azureFunction({ clientFor, env, write = console.log }: AzureFunctionOptions): AzureFunction {
  const settings = hostSettingsFrom(env, ['azure-key-vault']);
  const store = azureStoreOf(settings);
  const client = clientFor(store.vault);
  const log = hostLog(settings.pair.name, write);

  const work = async (command: 'advance' | 'tend'): Promise<void> => {
    const rotator = await rotatorFor(settings, store, client, log);
    let last: ResumeResult | undefined;
    const { reading, needsPerson } = await tend(
      {
        name: settings.pair.name,
        rotator,
        plan: settings.plan,
        ...(settings.schedule === undefined ? {} : { schedule: settings.schedule }),
        onResult: (doing, result) => {
          last = result;
          log.result(doing, result);
        },
      },
      command,
    );
    log.state(reading);
    const unsent = await pushReadings(env, [reading]);
    if (unsent !== undefined) log.failure(new MetricsError(unsent));
    if (needsPerson || (command === 'advance' && last?.outcome === 'waiting')) {
      throw new RotationBlocked(reading.blocked?.because ?? 'The rotation was not finished.');
    }
  };

  return {
    async nearExpiry(event) {
      const { type, data } = eventIn(event);
      const isOurs =
        type === nearExpiryType && data['ObjectName'] === store.name && data['VaultName'] === vaultName(store.vault);
      const announced = data['Version'];
      if (!isOurs || (await client.getSecret(store.name)).properties.version !== announced) {
        log.say('ignored');
        return;
      }
      await work('advance');
    },
    tend: async () => await work('tend'),
  };
}

function eventIn(event: unknown): {
  readonly type: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
} {
  const { eventType, type, data } = (event ?? {}) as NearExpiryEvent;
  return { type: eventType ?? type, data: data ?? {} };
}

/** `app` of `https://app.vault.azure.net`. */
function vaultName(vault: string): string {
  return new URL(vault).hostname.split('.')[0] ?? '';
}

function azureStoreOf({ store }: HostSettings): AzureHostStore {
  if (store.kind !== 'azure-key-vault' || !URL.canParse(store.vault)) {
    throw new SettingsError('"vault" of "store" has to be the URL of a vault, such as https://app.vault.azure.net.');
  }
  return store;
}

async function rotatorFor(
  settings: HostSettings,
  store: AzureHostStore,
  client: SecretClient,
  log: HostLog,
): Promise<Rotator> {
  const { pair, plan, sharedRole = 'owner' } = settings;
  const { engine = 'postgres', host, port, dbname, endpoints = [], admin, tls } = settings.database;
  if (typeof admin === 'string') {
    throw new SettingsError('"admin" of "database" has to name a secret of the vault: { "secret": "…" }.');
  }
  const database = await databaseOf(
    {
      engine,
      host,
      port: port ?? (engine.includes('postgres') ? 5432 : 3306),
      dbname: dbname ?? pair.name,
      admin: await adminOf(client, admin.secret),
    },
    { pair, sharedRoleKind: sharedRole, endpoints, tls: tlsFrom(tls, 'database.tls') },
    plan.strategy,
  );
  // The next event is to come when the next rotation is due.
  const validFor = store.validFor ?? milliseconds(plan.every) + noticeMs;
  const rotator = createRotator({
    pair,
    plan,
    database,
    store: new AzureKeyVaultStore({ client, name: store.name, validFor }),
    onEvent: (event) => log.event(event),
  });
  if (settings.bootstrap === true && !(await isBootstrapped(rotator))) await rotator.bootstrap();
  return rotator;
}

async function isBootstrapped(rotator: Pick<Rotator, 'status'>): Promise<boolean> {
  try {
    await rotator.status();
    return true;
  } catch (error) {
    if (error instanceof NotBootstrappedError) return false;
    throw error;
  }
}

async function adminOf(client: SecretClient, name: string): Promise<Login> {
  const { value = '' } = await client.getSecret(name).catch((error: unknown) => {
    throw new SettingsError(
      `The secret ${name} with the rotator's login cannot be read (${error instanceof Error ? error.name : 'unknown error'}).`,
    );
  });
  let login: { readonly username?: unknown; readonly password?: unknown } = {};
  try {
    login = JSON.parse(value) as typeof login;
  } catch {
    // The error of the parser would show a piece of the secret.
  }
  const { username, password } = login;
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new SettingsError(`The secret ${name} is not a JSON object with "username" and "password".`);
  }
  return { user: username, password };
}
