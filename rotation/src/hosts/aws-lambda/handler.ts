import type { RDSClient } from '@aws-sdk/client-rds';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import type { RotationEvent } from '../../events.js';
import type { Holder } from '../../holder.js';
import type { RetireResult } from '../../retire.js';
import { type Block, type Reading } from '../metrics.js';
import { pushReadings } from '../otlp.js';
import { databaseOf } from './database.js';
import { embeddedMetrics } from './embedded-metrics.js';
import { overdueBy, rotateAgain } from './overdue.js';
import { type Settings, settingsFrom } from './settings.js';
import { unregistered } from './proxy-registration.js';
import { type RotatedSecret, secretOf } from './secret.js';
import { StepRefused, type Steps, stepsOf } from './steps.js';
import { writeUserSecret } from './user-secrets.js';

/** What Secrets Manager sends for each step of a rotation. */
export interface StepEvent {
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

/** What the second schedule on the same function sends. */
export interface TendEvent {
  /**
   * `bootstrap`: make roles and journal. `retire`: retire the superseded user when nobody can hold it any more, and ask for a rotation again
   * that is late.
   */
  readonly keyturn: 'bootstrap' | 'retire';
  readonly SecretId: string;
}

/** What the function says beside the events of the engine. Alarms of the component wait for these. */
export type FunctionEvent =
  | {
      readonly type: 'blocked';
      readonly step: string;
      readonly because: string;
      readonly holders: readonly Holder[];
      readonly at: Date;
    }
  | { readonly type: 'overdue'; readonly overdueMs: number; readonly at: Date };

/** The event is not one of Secrets Manager's, and not one of the second schedule. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

export { type Settings, settingsFrom, SettingsError } from './settings.js';
export { StepRefused, TokenError } from './steps.js';

export interface HandlerOptions {
  readonly client: SecretsManagerClient;
  /** Asked about the proxy that the settings name. Default: a client with the region and credentials of the function. */
  readonly rds?: RDSClient;
  /** Default: read from the environment, see {@link settingsFrom}. */
  readonly settings?: Settings;
  /** One line for each thing that happens; no secrets. Default: JSON on standard output. */
  readonly onEvent?: (event: RotationEvent | FunctionEvent) => void;
  /**
   * Where the pair stands after a run of the second schedule, and when a step is blocked. Default: the embedded metrics of CloudWatch on standard
   * output; where the environment names an OTLP endpoint, there instead.
   */
  readonly onReading?: (reading: Reading) => void | Promise<void>;
}

/**
 * The rotation function for Secrets Manager: the four steps of its protocol, with the JSON keys of the AWS templates, `masterarn` for the
 * rotator's login, and two users that take turns. A step that is blocked throws; the rotation is then tried again by Secrets Manager or by
 * the next run of the schedule, and nothing was lost.
 */
export function createHandler(options: HandlerOptions): (event: unknown) => Promise<RetireResult | undefined> {
  return async (given) => {
    const event = checked(given);
    const settings = options.settings ?? settingsFrom(process.env);
    const secret = await secretOf(options.client, event.SecretId, settings);
    const database = await databaseOf(secret, settings, settings.plan.strategy);
    if ('keyturn' in event && event.keyturn === 'bootstrap') {
      await database.bootstrap();
      return undefined;
    }
    // Not by console.log: around its lines Lambda puts others, and filters of the log would not find the fields.
    const tell =
      options.onEvent ??
      ((happened) => void process.stdout.write(`${JSON.stringify({ ...happened, pair: settings.pair.name })}\n`));
    const steps = stepsOf({ pair: settings.pair, plan: settings.plan, database, store: secret.store, onEvent: tell });
    const at = { ...options, settings, secret, steps, tell };
    if ('keyturn' in event) return await tend(at, event.SecretId);
    await runStep(at, event);
    return undefined;
  };
}

interface At extends HandlerOptions {
  readonly settings: Settings;
  readonly secret: RotatedSecret;
  readonly steps: Steps;
  readonly tell: (event: RotationEvent | FunctionEvent) => void;
}

async function tend(at: At, secretId: string): Promise<RetireResult> {
  const { client, steps, tell } = at;
  const result = await steps.retire();
  const blocked = 'because' in result ? ({ doing: 'retire', ...result } as const) : undefined;
  const { overdueMs } = await report(at, blocked);
  if (overdueMs > 0) {
    tell({ type: 'overdue', overdueMs, at: new Date() });
    await rotateAgain(client, secretId);
  }
  return result;
}

/** A pair that another rotator is at work on is read by that one. */
async function report({ settings, steps, onReading = print }: At, blocked: Block | undefined): Promise<Reading> {
  const state = await steps.read();
  const { pair, rotatesWithinMs } = settings;
  const known = 'outcome' in state ? undefined : state;
  const published = known?.published;
  const reading: Reading = {
    pair: pair.name,
    generation: published?.generation ?? 0,
    overdueMs: known === undefined || rotatesWithinMs === undefined ? 0 : overdueBy(known, rotatesWithinMs),
    ...(known !== undefined && published !== undefined && { ageMs: Math.max(0, known.now - published.at) }),
    ...(blocked && { blocked: { doing: blocked.doing, because: blocked.because, holders: blocked.holders } }),
  };
  if (known !== undefined) await onReading(reading);
  return reading;
}

async function print(reading: Reading): Promise<void> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: own } = process.env;
  const pushed = (endpoint ?? own ?? '') !== '';
  const unsent = pushed ? await pushReadings(process.env, [reading]) : undefined;
  if (unsent !== undefined) process.stdout.write(`${JSON.stringify({ type: 'failure', message: unsent })}\n`);
  if (!pushed || unsent !== undefined) process.stdout.write(`${embeddedMetrics(reading, new Date())}\n`);
}

/** Before anything is written: a proxy that knows one of two users refuses every second rotation. */
async function mustKnowBoth({ pair, userSecrets, proxy }: Settings, given: RDSClient | undefined): Promise<void> {
  const missing = pair.users.filter((user) => userSecrets !== undefined && !Object.hasOwn(userSecrets, user));
  if (missing.length === 0) {
    if (proxy === undefined) return;
    const { RDSClient } = await import('@aws-sdk/client-rds');
    const reason = await unregistered(given ?? new RDSClient({}), proxy, pair.users, userSecrets ?? {});
    if (reason === undefined) return;
    throw new StepRefused('createSecret', { outcome: 'refused', because: reason, holders: [] });
  }
  const because = `KEYTURN_USER_SECRETS names no secret for ${missing.join(' and ')}, so a proxy would refuse it. Name one for each user, and register both with the proxy.`;
  throw new StepRefused('createSecret', { outcome: 'refused', because, holders: [] });
}

async function runStep(at: At, { Step: name, ClientRequestToken: token }: StepEvent): Promise<void> {
  const { client, steps, settings, secret, tell } = at;
  const runs = {
    createSecret: async (version: string) => {
      await mustKnowBoth(settings, at.rds);
      await steps.create(version);
    },
    setSecret: async (version: string) => {
      await steps.set(version);
      if (settings.userSecrets) await writeUserSecret(client, secret.store, settings.userSecrets, version);
    },
    testSecret: steps.test,
    finishSecret: steps.finish,
  };
  try {
    await runs[name](token);
  } catch (error) {
    if (error instanceof StepRefused) {
      const { because, holders } = error.blocked;
      tell({ type: 'blocked', step: name, because, holders, at: new Date() });
      await report(at, { doing: 'advance', because, holders });
    }
    throw error;
  }
}

function checked(event: unknown): StepEvent | TendEvent {
  const {
    Step: step,
    SecretId: secretId,
    ClientRequestToken: token,
    keyturn,
  } = (event ?? {}) as Partial<StepEvent & TendEvent>;
  const known =
    step === undefined
      ? ['bootstrap', 'retire'].includes(keyturn ?? '')
      : ['createSecret', 'setSecret', 'testSecret', 'finishSecret'].includes(step);
  if (!known || typeof secretId !== 'string' || (step !== undefined && typeof token !== 'string')) {
    throw new EventError(
      'This event is neither a rotation step of Secrets Manager (Step, SecretId, ClientRequestToken) nor one of the schedule ({ "keyturn": "retire", "SecretId": … }).',
    );
  }
  return event as StepEvent | TendEvent;
}
