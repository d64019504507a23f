import { tags } from '@keyturn/plan';
import { at, text, type Resource } from '@keyturn/resources';
import { scheduleOf } from '../aws/schedule.js';
import { awsRotationTypes, awsSecretTypes } from '../graph/aws-rotations.js';
import { closed } from '../options.js';
import { definePolicy, isOfType, notApplicable, pass, type PolicyContext, type Result } from '../policy.js';

interface Options {
  readonly maxDays: number;
}

/** Name prefixes of secrets that a service of AWS makes and turns itself, or that nothing can turn. */
const managed = /^(rds!|events!|ecr-pullthroughcache\/|appflow!|redshift!)/;

export const requireRotationSchedule = definePolicy<Options>({
  facts: {
    id: 'require-rotation-schedule',
    summary: 'Require every secret to be rotated, and often enough',
    severity: 'medium',
    breaks: 'A leaked password stays useful until somebody notices, and the first rotation in years happens by hand.',
    fix: 'Give it a rotation that runs at least as often as the limit.',
    controls: ['PCI DSS v4.0.1 8.3.9', 'PCI DSS v4.0.1 8.6.3', 'NIST 800-53 r5 AC-2(1)', 'NIST 800-53 r5 AC-3(15)'],
    equivalents: ['CKV2_AWS_57', 'CKV_AWS_304', 'SecretsManager.1', 'SecretsManager.4', 'AwsSolutions-SMG4'],
  },
  types: [...awsSecretTypes, ...awsRotationTypes],
  needs: 'graph',
  options: closed({
    maxDays: {
      type: 'integer',
      description: 'Longest time between two rotations, in days.',
      minimum: 1,
      maximum: 365,
      default: 90,
    },
  }),
  check(context) {
    return isOfType(context.resource.type, awsSecretTypes)
      ? checkSecret(context)
      : checkRotation(context.resource, context.options);
  },
});

function checkSecret({ resource, graph }: PolicyContext<Options>): Result {
  const name = text(at(resource.properties, 'name')) ?? resource.name;
  if (managed.test(name)) return notApplicable('a service of AWS looks after this secret');

  const { certain, possible } = graph.rotationsOf(resource);
  if (certain.length > 0) return pass;

  const plan = planTag(resource);
  if (plan === 'yes') return pass;
  if (plan === 'unknown') return undecided(resource, 'its tags are not known before the deployment');
  if (possible.length > 0) {
    return undecided(
      resource,
      'a rotation names a secret that is not known before the deployment, and it may be this one',
    );
  }
  return { is: 'fail', message: `Nothing rotates the secret ${resource.name}.` };
}

function checkRotation(resource: Resource, { maxDays }: Options): Result {
  const schedule = scheduleOf(resource);
  if (schedule.is === 'unknown') return undecided(resource, schedule.because);
  if (schedule.is === 'absent') {
    return { is: 'fail', message: `The rotation ${resource.name} has no schedule.`, property: 'rotationRules' };
  }
  if (schedule.days <= maxDays) return pass;
  return {
    is: 'fail',
    message: `The rotation ${resource.name} runs ${schedule.written}, and the limit is ${maxDays}.`,
    property: 'rotationRules',
  };
}

/** keyturn's own hosts rotate secrets without a `SecretRotation`; their plan is in a tag. */
function planTag({ properties }: Resource): 'yes' | 'no' | 'unknown' {
  const written = at(properties, 'tags');
  if (written.kind === 'unknown') return 'unknown';
  if (written.kind === 'list') {
    const keys = written.items.map((item) => at(item, 'key'));
    if (keys.some((key) => text(key) === tags.plan)) return 'yes';
    return keys.some(({ kind }) => kind === 'unknown') ? 'unknown' : 'no';
  }
  return at(written, tags.plan).kind === 'absent' ? 'no' : 'yes';
}

function undecided(resource: Resource, because: string): Result {
  return { is: 'undecided', because: `${resource.name}: ${because}` };
}
