import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import type { RotationEvent } from '../../events.js';
import type { RetireResult } from '../../retire.js';
import { databaseOf } from './database.js';
import { type Settings, settingsFrom } from './settings.js';
import { secretOf } from './secret.js';
import { type Steps, stepsOf } from './steps.js';

/** What Secrets Manager sends for each step of a rotation. */
export interface StepEvent {
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

/** What the second schedule on the same function sends. */
export interface TendEvent {
  /** `bootstrap`: make roles and journal. `retire`: retire the superseded user when nobody can hold it any more. */
  readonly keyturn: 'bootstrap' | 'retire';
  readonly SecretId: string;
}

/** The event is not one of Secrets Manager's, and not one of the second schedule. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

export { type Settings, settingsFrom, SettingsError } from './settings.js';
export { StepRefused, TokenError } from './steps.js';

export interface HandlerOptions {
  readonly client: SecretsManagerClient;
  /** Default: read from the environment, see {@link settingsFrom}. */
  readonly settings?: Settings;
  /** One line for each thing that happens; no secrets. Default: JSON on standard output. */
  readonly onEvent?: (event: RotationEvent) => void;
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
    const database = await databaseOf(secret, settings);
    if ('keyturn' in event && event.keyturn === 'bootstrap') {
      await database.bootstrap();
      return undefined;
    }
    const steps = stepsOf({
      pair: settings.pair,
      plan: settings.plan,
      database,
      store: secret.store,
      onEvent:
        options.onEvent ?? ((happened) => console.log(JSON.stringify({ ...happened, pair: settings.pair.name }))),
    });
    if ('keyturn' in event) return await steps.retire();
    await runStep(steps, event);
    return undefined;
  };
}

async function runStep(steps: Steps, { Step: name, ClientRequestToken: token }: StepEvent): Promise<void> {
  const runs = { createSecret: steps.create, setSecret: steps.set, testSecret: steps.test, finishSecret: steps.finish };
  await runs[name](token);
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
