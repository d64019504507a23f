import type { FailureCause } from '@keyturn/plan';

/** What people call the causes. */
export const causeNames: Readonly<Record<FailureCause, string>> = {
  poolNotDrained: 'pool not drained',
  configNotReloaded: 'config not reloaded',
  partialDeployment: 'partial deployment',
  wrongSecret: 'wrong secret',
  race: 'race',
  unknown: 'unknown',
};

/** How each cause is told from the others, in one sentence. */
export const causeMeanings: Readonly<Record<FailureCause, string>> = {
  poolNotDrained: 'The instance had read the newer credential, and its pool still offered the older one.',
  configNotReloaded: 'The source was newer than the last read, and no instance had the newer credential.',
  partialDeployment: 'The source was newer than the last read, and another instance had the newer credential already.',
  wrongSecret: 'The database had never taken the user and password that were used.',
  race: 'The credential was read before it was re-keyed and used after, and the source had no newer one yet.',
  unknown: 'No login was refused for its credential while the query ran.',
};
