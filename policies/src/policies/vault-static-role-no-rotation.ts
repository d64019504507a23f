import { componentTypes } from '@keyturn/plan';
import { at, number, type Value } from '@keyturn/resources';
import { closed } from '../options.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

const day = 86_400;

export const vaultStaticRoleNoRotation = definePolicy<{ readonly maxDays: number }>({
  facts: {
    id: 'vault-static-role-no-rotation',
    summary: 'Require static roles of Vault to be rotated, and often enough',
    severity: 'medium',
    breaks: 'A leaked password stays useful until somebody notices.',
    fix: 'Set `rotationPeriod` (seconds) or `rotationSchedule`.',
  },
  types: [
    'vault:database/secretBackendStaticRole:SecretBackendStaticRole',
    'vault:ldap/secretBackendStaticRole:SecretBackendStaticRole',
  ],
  needs: 'resource',
  options: closed({
    maxDays: {
      type: 'integer',
      description: 'Longest time between two rotations, in days.',
      minimum: 1,
      maximum: 365,
      default: 90,
    },
  }),
  check({ resource, options }) {
    const period = at(resource.properties, 'rotationPeriod');
    const schedule = at(resource.properties, 'rotationSchedule');
    if (period.kind === 'unknown') return notKnown(resource, 'how often it is rotated', 'rotationPeriod');
    const seconds = secondsOf(period);
    if (seconds !== undefined && seconds > 0) {
      // Vault's period is only its fallback there: keyturn's job rotates, by the plan, which the component has checked.
      if (resource.urn.includes(`${componentTypes.vaultStaticRolePair}$`)) return pass;
      const days = Math.round((seconds / day) * 10) / 10;
      return days <= options.maxDays
        ? pass
        : fail(
            `${resource.name} is rotated every ${days} days, and the limit is ${options.maxDays}.`,
            'rotationPeriod',
            period,
          );
    }
    if (isWritten(schedule) === 'yes') return pass;
    if (schedule.kind === 'unknown') return notKnown(resource, 'how often it is rotated', 'rotationSchedule');
    return fail(`${resource.name} is never rotated.`, 'rotationPeriod', period);
  },
});

function secondsOf(value: Value): number | undefined {
  if (value.kind !== 'known') return undefined;
  return number(value) ?? (/^\d+$/.test(String(value.value)) ? Number(value.value) : undefined);
}
