import { readFileSync } from 'node:fs';
import path from 'node:path';

import {
  checkPlan,
  type HostGradually,
  type HostRoute,
  type HostSettings,
  type HostStore,
  type HostTargetGroups,
  hostVariables,
  startBound,
} from '@keyturn/plan';

import { checkSchedule } from './process/schedule.js';
import { SettingsError } from './settings-error.js';

/**
 * The settings of a host that runs once, checked.
 *
 * @throws SettingsError when they are missing, are not JSON, lack something or name something unknown.
 * @throws PlanError when the plan cannot work.
 * @throws ScheduleError when the schedule cannot work with the plan.
 */
export function hostSettingsFrom(env: NodeJS.ProcessEnv, stores: readonly HostStore['kind'][]): HostSettings {
  const { source, text } = textFrom(env);
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    throw new SettingsError(`${source} is not JSON.`);
  }
  return checked(settings, source, stores);
}

function textFrom(env: NodeJS.ProcessEnv): { readonly source: string; readonly text: string } {
  const file = env[hostVariables.settingsFile];
  const text = env[hostVariables.settings];
  if (file !== undefined && file !== '') {
    try {
      return { source: file, text: readFileSync(file, 'utf8') };
    } catch (cause) {
      throw new SettingsError(`${hostVariables.settingsFile} names ${file}, which cannot be read.`, { cause });
    }
  }
  if (text !== undefined && text !== '') return { source: hostVariables.settings, text };
  throw new SettingsError(
    `Neither ${hostVariables.settingsFile} nor ${hostVariables.settings} is set. The component sets one; see its page.`,
  );
}

/** Keys of each part; those with `!` have to be there. */
const parts = {
  settings: ['pair!', 'plan!', 'database!', 'store!', 'schedule', 'sharedRole', 'bootstrap', 'pods', 'gradually'],
  pair: ['name!', 'sharedRole!', 'users!'],
  plan: ['strategy!', 'every!', 'consumers!', 'soak', 'runTime'],
  database: ['host!', 'admin!', 'engine', 'port', 'dbname', 'endpoints', 'poolers', 'tls'],
  pooler: ['endpoint!', 'console!', 'host', 'port', 'userlist', 'passwordForm'],
  kubernetes: ['kind!', 'name!', 'namespace', 'versioned', 'keys', 'previousKeys', 'templates', 'pinned', 'server'],
  'azure-key-vault': ['kind!', 'vault!', 'name!', 'validFor'],
  'vault-static': ['kind!', 'address!', 'selector!', 'login!', 'selectorMount', 'databaseMount', 'namespace'],
  gradually: ['deployments!', 'check!', 'route', 'services', 'targetGroups', 'steps', 'each', 'every'],
  route: ['route!', 'services!'],
  targetGroups: ['ruleArn!', 'arns!'],
  check: ['address!', 'refusedLogins!', 'errorRate!', 'mostErrors'],
  login: ['role!', 'mount', 'tokenFile'],
} as const;

function checked(given: unknown, source: string, stores: readonly HostStore['kind'][]): HostSettings {
  const settings = shaped(given, source, parts.settings) as unknown as HostSettings;
  shaped(settings.pair, `"pair" of ${source}`, parts.pair);
  const users: unknown = settings.pair.users;
  if (!Array.isArray(users) || new Set(users).size !== 2 || users.some((user) => typeof user !== 'string')) {
    throw new SettingsError(`"users" of "pair" of ${source} has to hold the names of two users.`);
  }
  shaped(settings.plan, `"plan" of ${source}`, parts.plan);
  shaped(settings.database, `"database" of ${source}`, parts.database);
  checkPoolers(settings, source, stores);
  const { kind } = settings.store as { readonly kind?: HostStore['kind'] };
  if (kind === undefined || !stores.includes(kind)) {
    throw new SettingsError(
      `"store" of ${source} has the kind "${String(kind)}". Allowed values are: ${stores.join(', ')}.`,
    );
  }
  shaped(settings.store, `"store" of ${source}`, parts[kind]);
  if (settings.store.kind === 'vault-static')
    shaped(settings.store.login, `"login" of "store" of ${source}`, parts.login);
  checkTrial(settings, source, stores);
  const { sharedRole } = settings;
  if (sharedRole !== undefined && !['owner', 'grantee'].includes(sharedRole)) {
    throw new SettingsError(
      `"sharedRole" of ${source} is "${String(sharedRole)}". Allowed values are: owner, grantee.`,
    );
  }
  checkPlan(settings.plan);
  checkSchedule(settings.schedule ?? {}, settings.plan);
  for (const { name } of startBound(settings.plan.consumers)) {
    if (kind === 'azure-key-vault' || settings.pods?.[name] !== undefined) continue;
    throw new SettingsError(
      `${name} holds a credential until it is restarted, and "pods" of ${source} does not say how to find its pods. Write for example { "${name}": { "selector": "app=${name}" } }.`,
    );
  }
  return settings;
}

function checkPoolers({ database }: HostSettings, source: string, stores: readonly HostStore['kind'][]): void {
  if (database.poolers === undefined) return;
  const what = `"poolers" of "database" of ${source}`;
  if (!stores.includes('kubernetes'))
    throw new SettingsError(
      `${what} are asked by the Kubernetes job and a process of your own, and a function does not. Leave them out; their endpoints are tried all the same.`,
    );
  if (!Array.isArray(database.poolers)) throw new SettingsError(`${what} has to be a list.`);
  for (const pooler of database.poolers) shaped(pooler, `An entry of ${what}`, parts.pooler);
}

function checkTrial({ gradually, pair }: HostSettings, source: string, stores: readonly HostStore['kind'][]): void {
  if (gradually === undefined) return;
  const what = `"gradually" of ${source}`;
  if (!stores.includes('kubernetes'))
    throw new SettingsError(
      `${what} moves the traffic of a cluster, which the Kubernetes job does and a function cannot. Leave it out.`,
    );
  shaped(gradually, what, parts.gradually);
  shaped(gradually.check, `"check" of ${what}`, parts.check);
  const named = { ...behind(gradually, what), deployments: gradually.deployments };
  for (const [key, fleets] of Object.entries(named)) {
    const users = Object.keys(shaped(fleets, `"${key}" of ${what}`, pair.users));
    if (users.length !== pair.users.length)
      throw new SettingsError(`"${key}" of ${what} has to name one for each of ${pair.users.join(' and ')}.`);
  }
}

/** What the traffic goes through: an HTTPRoute, or target groups. */
function behind(gradually: HostGradually, what: string): Readonly<Record<string, unknown>> {
  const { route, services, targetGroups } = gradually as Partial<HostRoute> & { targetGroups?: HostTargetGroups };
  if (targetGroups === undefined)
    return { services: shaped(defined({ route, services }), what, parts.route)['services'] };
  if (route !== undefined || services !== undefined)
    throw new SettingsError(`${what} has both a route and target groups. Leave one out: the traffic goes through one.`);
  return { arns: shaped(targetGroups, `"targetGroups" of ${what}`, parts.targetGroups)['arns'] };
}

const defined = (given: object): object =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

function shaped(given: unknown, what: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new SettingsError(`${what} has to be a JSON object.`);
  }
  const names = keys.map((key) => key.replace('!', ''));
  const unknown = Object.keys(given).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw new SettingsError(`${what} has the unknown key "${unknown}". Known keys are: ${names.join(', ')}.`);
  }
  for (const key of keys) {
    if (!key.endsWith('!') || (given as Record<string, unknown>)[key.slice(0, -1)] !== undefined) continue;
    throw new SettingsError(`${what} lacks "${key.slice(0, -1)}".`);
  }
  return given as Readonly<Record<string, unknown>>;
}

/** Who logs in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * The rotator's login in a folder, as a mounted Secret shows it.
 *
 * @throws SettingsError when `username` or `password` cannot be read.
 */
export function loginIn(folder: string): Login {
  const read = (name: string): string => {
    try {
      return readFileSync(path.join(folder, name), 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      throw new SettingsError(
        `${path.join(folder, name)} cannot be read. Mount the Secret with the rotator's login ("username", "password") there.`,
        { cause },
      );
    }
  };
  return { user: read('username'), password: read('password') };
}
