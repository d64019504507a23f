import {
  DurationError,
  type HostCommand,
  hostCommands,
  hostExitCodes,
  type HostSettings,
  PlanError,
  type VaultStaticHostStore,
} from '@keyturn/plan';

import { NotBootstrappedError } from '../../database.js';
import { createRotator, RotatorError } from '../../rotator.js';
import type { Store } from '../../store.js';
import type { KubernetesApi } from '../../stores/kubernetes/api.js';
import { vaultLogin } from '../../stores/vault/vault-login.js';
import { VaultStaticStore } from '../../stores/vault/vault-static-store.js';
import { inCluster, kubernetesApi, KubernetesSecretStore } from '../../stores/kubernetes/kubernetes-secret-store.js';
import { GradualError } from '../../traffic/gradual.js';
import { databaseOf } from '../aws-lambda/database.js';
import { hostLog } from '../log.js';
import { MetricsError, pushReadings } from '../otlp.js';
import { ScheduleError } from '../process/schedule.js';
import { poolersOf } from '../poolers.js';
import { hostSettingsFrom, loginIn } from '../settings.js';
import { SettingsError } from '../settings-error.js';
import { tend } from '../tend.js';
import { tlsFrom } from '../tls.js';
import { podEvidence } from './pods.js';
import { trialOf } from './trial.js';

/** How the job is run. */
export interface KubernetesJobOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The first argument. Default: `tend`. */
  readonly command?: string | undefined;
  /** Default: standard output. */
  readonly write?: (line: string) => void;
}

/**
 * One run of the Kubernetes job: settings from the environment or a mounted file ({@link HostSettings}), the rotator's login from a mounted
 * Secret, the API server as the service account of the pod. Never throws.
 *
 * @returns the exit code, one of `hostExitCodes`.
 */
export async function runKubernetesJob({
  env,
  command = 'tend',
  write = console.log,
}: KubernetesJobOptions): Promise<number> {
  let log = hostLog(undefined, write);
  try {
    if (!isCommand(command)) {
      throw new SettingsError(`There is no command "${command}". Allowed values are: ${hostCommands.join(', ')}.`);
    }
    const settings = hostSettingsFrom(env, ['kubernetes', 'vault-static']);
    log = hostLog(settings.pair.name, write);
    const api = () => apiOf(settings, env);
    const rotator = createRotator({
      pair: settings.pair,
      plan: settings.plan,
      database: await databaseFor(settings),
      store: storeOf(settings, api),
      onEvent: (event) => log.event(event),
      ...(settings.pods === undefined ? {} : { evidence: podEvidence(api(), settings.pods) }),
      ...(settings.gradually === undefined
        ? {}
        : { mayPublish: await trialOf(settings.gradually, api(), (percent, tested) => log.traffic(percent, tested)) }),
    });
    if (command === 'bootstrap' || (settings.bootstrap === true && !(await isBootstrapped(rotator)))) {
      await rotator.bootstrap();
      log.say('bootstrapped');
      if (command === 'bootstrap') return hostExitCodes.done;
    }
    const { reading, needsPerson } = await tend(
      {
        name: settings.pair.name,
        rotator,
        plan: settings.plan,
        ...(settings.schedule === undefined ? {} : { schedule: settings.schedule }),
        onResult: (doing, result) => log.result(doing, result),
      },
      command,
    );
    log.state(reading);
    const unsent = await pushReadings(env, [reading]);
    if (unsent !== undefined) log.failure(new MetricsError(unsent));
    return needsPerson ? hostExitCodes.blocked : hostExitCodes.done;
  } catch (error) {
    log.failure(error);
    return isSetting(error) ? hostExitCodes.settings : hostExitCodes.failed;
  }
}

function isCommand(text: string): text is HostCommand {
  return (hostCommands as readonly string[]).includes(text);
}

function isSetting(error: unknown): boolean {
  return [
    SettingsError,
    PlanError,
    DurationError,
    ScheduleError,
    RotatorError,
    NotBootstrappedError,
    GradualError,
  ].some((kind) => error instanceof kind);
}

async function isBootstrapped(rotator: { status(): Promise<unknown> }): Promise<boolean> {
  try {
    await rotator.status();
    return true;
  } catch (error) {
    if (error instanceof NotBootstrappedError) return false;
    throw error;
  }
}

function apiOf({ store }: HostSettings, env: NodeJS.ProcessEnv): KubernetesApi {
  if (store.kind !== 'kubernetes' || store.server === undefined) return inCluster(env);
  return kubernetesApi({ server: store.server, namespace: store.namespace ?? 'default' });
}

function storeOf({ store }: HostSettings, api: () => KubernetesApi): Store {
  if (store.kind === 'vault-static') return vaultStoreOf(store);
  if (store.kind !== 'kubernetes')
    throw new SettingsError(`The job publishes to Kubernetes or Vault, and not to ${store.kind}.`);
  const { name, namespace, versioned, keys, previousKeys, templates, pinned } = store;
  return new KubernetesSecretStore({
    api: api(),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(versioned === undefined ? {} : { versioned }),
    ...(keys === undefined ? {} : { keys }),
    ...(previousKeys === undefined ? {} : { previousKeys }),
    ...(templates === undefined ? {} : { templates }),
    ...(pinned === undefined ? {} : { pinned }),
  });
}

function vaultStoreOf(store: VaultStaticHostStore): Store {
  let token: Promise<string> | undefined;
  return new VaultStaticStore({ ...store, token: async () => await (token ??= vaultLogin(store, store.login)) });
}

async function databaseFor({
  pair,
  plan,
  sharedRole = 'owner',
  database,
}: HostSettings): ReturnType<typeof databaseOf> {
  const { engine = 'postgres', host, port, dbname, endpoints = [], admin, tls } = database;
  const encrypted = tlsFrom(tls, 'database.tls');
  if (typeof admin !== 'string') throw new SettingsError('"admin" of "database" has to be a folder.');
  return await databaseOf(
    {
      engine,
      host,
      port: port ?? (engine.includes('postgres') ? 5432 : 3306),
      dbname: dbname ?? pair.name,
      admin: loginIn(admin),
    },
    { pair, sharedRoleKind: sharedRole, endpoints, tls: encrypted, poolers: poolersOf(database, encrypted) },
    plan.strategy,
  );
}
