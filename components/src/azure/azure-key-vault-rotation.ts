import {
  componentTypes,
  describeChain,
  type HostDatabase,
  type HostSettings,
  hostVariables,
  longestPostgresName,
  milliseconds,
  type Plan,
  PlanError,
  type SharedRoleKind,
  startBound,
  tags,
} from '@keyturn/plan';
import * as eventgrid from '@pulumi/azure-native/eventgrid/index.js';
import type * as monitor from '@pulumi/azure-native/monitor/index.js';
import type * as storage from '@pulumi/azure-native/storage/index.js';
import type * as web from '@pulumi/azure-native/web/index.js';
import * as pulumi from '@pulumi/pulumi';

import { longestMysqlName } from '../mysql/dual-user-model.js';
import { type NamedPair, type PairInput, pairOf } from '../pair.js';
import { hostScheduleOf } from '../schedule/host-schedule.js';
import { longestGap, type RotationSchedule, scheduledPlan } from '../schedule/rotation-schedule.js';
import { makeChild, type Transform } from '../transform.js';
import { keyVaultOf, secretNameOf } from './key-vault.js';
import { rotatorApp } from './rotator-app.js';
import { nearExpiryFunction } from './rotator-code.js';
import { type RotatorWatch, watch } from './watch.js';

/** Where applications connect. */
export interface KeyVaultDatabase {
  /** Default: `postgres`. */
  readonly engine?: 'postgres' | 'mysql' | 'mariadb';
  readonly host: pulumi.Input<string>;
  /** Default: 5432; 3306 on MySQL and MariaDB. */
  readonly port?: pulumi.Input<number>;
  readonly name: pulumi.Input<string>;
  /** Endpoints beside the writer; a login is tried on each before anything is published. Default: none. */
  readonly endpoints?: NonNullable<HostDatabase['endpoints']>;
}

export interface AzureKeyVaultRotationArgs {
  /** Required. An Azure Database for PostgreSQL or MySQL, or another server that the function reaches. */
  readonly database: KeyVaultDatabase;
  /** Required. Name of the pair, with users `<pair>_a` and `<pair>_b` over the shared role `<pair>`; or the users that `keyturn adopt` has taken over. */
  readonly pair: PairInput;
  /** Required. Resource id of the vault; its rights are given by roles (RBAC). The function may read every secret of it. */
  readonly vaultId: pulumi.Input<string>;
  /** Optional. For clouds other than the public one. Default: `https://<name>.vault.azure.net`. */
  readonly vaultUri?: pulumi.Input<string>;
  /** Required. Name of the secret of the vault with the rotator's login: JSON with `username` and `password`. */
  readonly adminSecretName: pulumi.Input<string>;
  /** Optional. Secret that applications read; candidates stand in `<secretName>-keyturn`. Default: the pair, with `-` for `_`. */
  readonly secretName?: string;
  /** Required. Where the function and what belongs to it is made. */
  readonly resourceGroupName: pulumi.Input<string>;
  /** Optional. Default: that of the resource group. */
  readonly location?: pulumi.Input<string>;
  /** Required. When it rotates; a `window` has no meaning here. */
  readonly schedule: RotationSchedule;
  /** Required. How long its consumers can hold a superseded credential. The interval is the schedule's. */
  readonly plan: Omit<Plan, 'strategy' | 'every'>;
  /** Optional. On PostgreSQL. Default: `owner`. */
  readonly sharedRole?: SharedRoleKind;
  /** Optional. A subnet that is delegated to `Microsoft.Web/serverFarms`. Default: none, which reaches public endpoints only. */
  readonly subnetId?: pulumi.Input<string>;
  /** Optional. How often the function looks, in minutes, from 1 to 59. Default: 10. */
  readonly lookEvery?: number;
  /** Optional. Size of the App Service plan. Default: `B1`. */
  readonly size?: string;
  /** Optional. Where the log goes. Default: nowhere, and there are no alerts. */
  readonly watch?: RotatorWatch;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly storage?: Transform<storage.StorageAccountArgs>;
    readonly plan?: Transform<web.AppServicePlanArgs>;
    readonly app?: Transform<web.WebAppArgs>;
    readonly event?: Transform<eventgrid.EventSubscriptionArgs>;
    /** Applied to all four alerts. */
    readonly alert?: Transform<monitor.ScheduledQueryRuleArgs>;
  };
}

const longestName = { postgres: longestPostgresName, ...longestMysqlName };

/** `lookEvery` is not a number of minutes within an hour. */
export class LookEveryError extends Error {
  override readonly name = 'LookEveryError';
}

/** @throws PlanError when a consumer holds a credential until it is restarted: Azure tells the function nothing about restarts. */
function checkConsumers({ consumers }: Pick<Plan, 'consumers'>): void {
  const [held] = startBound(consumers);
  if (held === undefined) return;
  throw new PlanError(
    `${held.name} holds a credential until it is restarted (${describeChain(held)}), and the function cannot see restarts: no rotation would ever be allowed. Let it read the secret again, and write for how long it keeps one.`,
  );
}

/** Key Vault announces an expiry this long before it (https://learn.microsoft.com/azure/event-grid/event-schema-key-vault). */
const noticeMs = milliseconds('30d');

/**
 * A database login in Azure Key Vault that rotates between two users, with everything that this needs.
 *
 * The function writes the secret, and Pulumi never does: no credential comes into the state, and a later `up` finds nothing to undo. Its timer
 * keeps the schedule; each version expires 30 days after the next is due, so that the near-expiry event asks for a rotation that the timer
 * missed.
 */
export class AzureKeyVaultRotation extends pulumi.ComponentResource {
  static readonly type = componentTypes.azureKeyVaultRotation;
  readonly vaultUri: pulumi.Output<string>;
  /** Secret that applications read: JSON with `username`, `password` and `generation`. It is there after the first look of the function. */
  readonly secretName: pulumi.Output<string>;
  /** Resource id of that secret: the scope at which a consumer gets the role "Key Vault Secrets User". */
  readonly secretScope: pulumi.Output<string>;
  readonly pair: pulumi.Output<NamedPair>;
  readonly plan: pulumi.Output<Plan>;
  readonly functionAppName: pulumi.Output<string>;
  /** Identity of the function, for rights of your own. */
  readonly principalId: pulumi.Output<string>;
  /** The name of the secret, once function and event are set up. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws PlanError when the schedule is faster than its consumers can follow, or a consumer holds a credential until it is restarted.
   * @throws ScheduleError when the schedule cannot be read, or has a window.
   * @throws NameError when a name does not fit the database.
   * @throws KeyVaultError when a name does not fit the vault.
   * @throws LookEveryError when `lookEvery` is no number of minutes within an hour.
   */
  constructor(name: string, args: AzureKeyVaultRotationArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = scheduledPlan({ ...args.plan, strategy: 'dual-user' }, args.schedule);
    checkConsumers(plan);
    const schedule = hostScheduleOf(args.schedule);
    const engine = args.database.engine ?? 'postgres';
    const pair = pairOf(args.pair, longestName[engine]);
    const secretName = secretNameOf(pair.name, args.secretName);
    const { database, transform = {}, sharedRole = 'owner', lookEvery = 10, resourceGroupName, location } = args;
    if (!Number.isInteger(lookEvery) || lookEvery < 1 || lookEvery > 59) {
      throw new LookEveryError(
        `\`lookEvery\` must be whole minutes from 1 to 59, got ${lookEvery}. Write for example 10.`,
      );
    }
    super(AzureKeyVaultRotation.type, name, { pair, plan, secretName }, opts);
    const child = { parent: this };
    const vault = pulumi.all([args.vaultId, args.vaultUri]).apply(([id, uri]) => keyVaultOf(id, uri));
    // A tag of Azure holds 256 characters, which a plan may exceed; the function's settings hold it.
    const described = { [tags.strategy]: plan.strategy, [tags.pair]: pair.name };

    const settings = pulumi
      .all([vault, database.host, database.port, database.name, args.adminSecretName])
      .apply(([{ uri }, host, port, dbname, secret]): HostSettings => ({
        pair,
        plan,
        ...(schedule && { schedule }),
        sharedRole,
        database: {
          engine,
          host,
          port: port ?? (engine === 'postgres' ? 5432 : 3306),
          dbname,
          admin: { secret },
          ...(database.endpoints && { endpoints: database.endpoints }),
        },
        store: {
          kind: 'azure-key-vault',
          vault: uri,
          name: secretName,
          validFor: longestGap(args.schedule) + noticeMs,
        },
        bootstrap: true,
      }));
    const { app, identity } = rotatorApp(
      name,
      {
        pair: pair.name,
        secretName,
        vault,
        resourceGroupName,
        location,
        subnetId: args.subnetId,
        size: args.size ?? 'B1',
        settings: {
          [hostVariables.settings]: pulumi.jsonStringify(settings),
          KEYTURN_TEND: `0 */${lookEvery} * * * *`,
        },
        tags: described,
        transform,
      },
      child,
    );
    const event = makeChild<eventgrid.EventSubscriptionArgs, eventgrid.EventSubscription>(eventgrid.EventSubscription, {
      name: `${name}-near-expiry`,
      args: {
        scope: vault.id,
        destination: {
          endpointType: 'AzureFunction',
          resourceId: pulumi.interpolate`${app.id}/functions/${nearExpiryFunction}`,
          maxEventsPerBatch: 1,
        },
        eventDeliverySchema: 'EventGridSchema',
        filter: {
          includedEventTypes: ['Microsoft.KeyVault.SecretNearExpiry'],
          advancedFilters: [{ operatorType: 'StringIn', key: 'data.ObjectName', values: [secretName] }],
        },
        // The longest that Event Grid tries: a day.
        retryPolicy: { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 },
      },
      options: child,
      transform: transform.event,
      fixed: { scope: 'events of another vault never come here.' },
    });
    if (args.watch) {
      const watched = { pair: pair.name, appId: app.id, resourceGroupName, location, tags: described };
      watch(name, { ...args.watch, ...watched, transform: transform.alert }, child);
    }

    this.vaultUri = vault.uri;
    this.secretName = pulumi.output(secretName);
    this.secretScope = pulumi.interpolate`${vault.id}/secrets/${secretName}`;
    this.pair = pulumi.output(pair);
    this.plan = pulumi.output(plan);
    this.functionAppName = app.name;
    this.principalId = identity.principalId;
    this.ready = event.id.apply(() => secretName);
    this.registerOutputs({
      vaultUri: this.vaultUri,
      secretName: this.secretName,
      secretScope: this.secretScope,
      pair: this.pair,
      plan: this.plan,
      functionAppName: this.functionAppName,
      ready: this.ready,
    });
  }
}
