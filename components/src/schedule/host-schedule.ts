import type { HostSettings } from '@keyturn/plan';

import { type RotationSchedule, ScheduleError } from './rotation-schedule.js';

/**
 * The schedule in the words of a host that looks every few minutes. A period needs none: the plan says it.
 *
 * @throws ScheduleError for a window, which such a host does not know.
 */
export function hostScheduleOf(schedule: RotationSchedule): HostSettings['schedule'] {
  if (schedule.window !== undefined) {
    throw new ScheduleError(
      'The job begins at its first look after the time, so it knows no `window`. Leave it out, or use `lookEvery`.',
    );
  }
  if ('every' in schedule) return undefined;
  return {
    cron: schedule.cron,
    timezone: schedule.timeZone ?? 'UTC',
    ...(schedule.blackout === undefined ? {} : { blackouts: schedule.blackout }),
  };
}
