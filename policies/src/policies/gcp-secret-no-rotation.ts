import { at } from '@keyturn/resources';
import { closed } from '../options.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { secondsIn } from '../seconds.js';
import { isWritten } from '../truth.js';

const day = 86_400;

export const gcpSecretNoRotation = definePolicy<{ readonly maxDays: number }>({
  facts: {
    id: 'gcp-secret-no-rotation',
    summary: 'Require secrets of Secret Manager to have a rotation schedule that tells somebody',
    severity: 'medium',
    breaks: 'A leaked password stays useful until somebody notices, and the first rotation in years happens by hand.',
    fix: 'Set `rotation.rotationPeriod` and `topics`, and rotate on the message.',
    equivalents: ['secretmanager_secret_rotation_enabled'],
  },
  types: ['gcp:secretmanager/secret:Secret', 'gcp:secretmanager/regionalSecret:RegionalSecret'],
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
    const rotation = at(resource.properties, 'rotation');
    const period = at(rotation, 'rotationPeriod');
    const topics = at(resource.properties, 'topics');
    if (period.kind === 'unknown') return notKnown(resource, 'how often it is rotated', 'rotation.rotationPeriod');
    const seconds = secondsIn(period);
    if (seconds === undefined)
      return fail(`Nothing asks for a rotation of ${resource.name}.`, 'rotation.rotationPeriod', rotation);
    const days = Math.round((seconds / day) * 10) / 10;
    if (days > options.maxDays) {
      return fail(
        `${resource.name} is to be rotated every ${days} days, and the limit is ${options.maxDays}.`,
        'rotation.rotationPeriod',
        period,
      );
    }
    const told = isWritten(topics);
    if (told === 'unknown') return notKnown(resource, 'who is told to rotate it', 'topics');
    return told === 'yes'
      ? pass
      : fail(`${resource.name} has a rotation period, and nobody is told.`, 'topics', topics);
  },
});
