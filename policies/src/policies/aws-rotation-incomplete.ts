import { at, number, text } from '@keyturn/resources';
import { daysOfExpression, rulesOf } from '../aws/schedule.js';
import { awsRotationTypes } from '../graph/aws-rotations.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';
import { isWritten } from '../truth.js';

const functions = ['rotationLambdaArn', 'rotationLambdaARN', 'hostedRotationLambda'] as const;

export const awsRotationIncomplete = definePolicy({
  facts: {
    id: 'aws-rotation-incomplete',
    summary: 'Disallow rotations of Secrets Manager that are declared but cannot run',
    severity: 'high',
    breaks: 'Everybody believes that the secret is rotated, and it never is.',
    fix: 'Name the function that rotates it (`rotationLambdaArn`), and keep the window shorter than the interval.',
    equivalents: ['AwsSolutions-SMG4'],
  },
  types: awsRotationTypes,
  needs: 'graph',
  check({ resource, graph }) {
    const results: Result[] = [];
    // A service of AWS rotates the secrets that it makes; one that the program makes needs a function.
    const owned = graph.secretsOf(resource, 'secretId');
    const written = functions.map((name) => isWritten(at(resource.properties, name)));
    if (!written.includes('yes') && (owned.certain.length > 0 || owned.possible.length > 0)) {
      if (written.includes('unknown'))
        results.push(notKnown(resource, 'the function that rotates', 'rotationLambdaArn'));
      else if (owned.certain.length === 0) results.push(notKnown(resource, 'the secret that it rotates', 'secretId'));
      else results.push(fail(`${resource.name} names no function that rotates the secret.`, 'rotationLambdaArn'));
    }
    const rules = rulesOf(resource);
    const duration = at(rules, 'duration');
    const expression = at(rules, 'scheduleExpression');
    const hours = /^(\d+)h$/.exec(text(duration) ?? '')?.[1];
    const days = number(at(rules, 'automaticallyAfterDays')) ?? daysOfExpression(text(expression) ?? '');
    if (hours !== undefined && days !== undefined && Number(hours) > days * 24) {
      results.push(
        fail(
          `${resource.name} has a window of ${hours} hours, and the next rotation begins after ${Math.round(days * 24)}.`,
          'rotationRules.duration',
          duration,
        ),
      );
    } else if (
      [rules, duration, expression, at(rules, 'automaticallyAfterDays')].some(({ kind }) => kind === 'unknown')
    ) {
      results.push(notKnown(resource, 'its schedule', 'rotationRules'));
    }
    return results.length > 0 ? results : pass;
  },
});
