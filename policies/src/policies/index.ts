import type { Policy } from '../policy.js';
import { noHardcodedPassword } from './no-hardcoded-password.js';
import { noUnpinnedStartBoundSecret } from './no-unpinned-start-bound-secret.js';
import { requireRotationSchedule } from './require-rotation-schedule.js';
import { requireSecretRefresh } from './require-secret-refresh.js';

/** Every policy, by id. */
export const policies: readonly Policy[] = [
  noHardcodedPassword,
  noUnpinnedStartBoundSecret,
  requireRotationSchedule,
  requireSecretRefresh,
];
