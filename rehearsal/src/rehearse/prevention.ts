import type { FailureCause } from '@keyturn/plan';

/** What would have prevented failures of a cause: a rule that finds it before merge, and the part that makes it impossible. */
export interface Prevention {
  readonly rule: string;
  readonly component: string;
  readonly how: string;
}

/** `unknown` has none: what is not known cannot be prevented by name. */
export const preventions: Readonly<Record<Exclude<FailureCause, 'unknown'>, Prevention>> = {
  poolNotDrained: {
    rule: 'require-pool-refresh',
    component: '@keyturn/pool',
    how: 'Use its Pool: it opens new connections with the newer credential and closes the older ones.',
  },
  configNotReloaded: {
    rule: 'require-pool-refresh',
    component: '@keyturn/pool',
    how: 'Give the pool a source that it follows, such as envFile(); or restart on every change (require-secret-refresh).',
  },
  partialDeployment: {
    rule: 'no-in-place-password-change',
    component: 'DualUserDatabaseRole',
    how: 'With two users the older credential works until the last instance has left it.',
  },
  wrongSecret: {
    rule: 'no-hardcoded-credential',
    component: 'DualUserDatabaseRole',
    how: 'Read user and password together from one source; its rotation publishes only what it has logged in with.',
  },
  race: {
    rule: 'no-in-place-password-change',
    component: 'DualUserDatabaseRole',
    how: 'A password is never changed while somebody may use it: the idle user gets the new one.',
  },
};
