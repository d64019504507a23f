import { at, items, text, valueOf, type Value } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

export const awsSecretPolicyPublic = definePolicy({
  facts: {
    id: 'aws-secret-policy-public',
    summary: 'Disallow policies of a secret that let everybody read it',
    severity: 'critical',
    breaks: 'Whoever reads it has every future version too: no rotation helps.',
    fix: 'Name the principals that need it.',
    equivalents: ['SecretsManager.5', 'secretsmanager_not_publicly_accessible'],
  },
  types: ['aws:secretsmanager/secretPolicy:SecretPolicy', 'aws:secretsmanager/secret:Secret'],
  needs: 'resource',
  check({ resource }) {
    const written = at(resource.properties, 'policy');
    if (written.kind === 'unknown') return notKnown(resource, 'its policy', 'policy');
    const policy = parse(text(written));
    const statements = at(policy, 'Statement');
    const open = (statements.kind === 'list' ? items(statements) : [statements]).some(
      (statement) =>
        text(at(statement, 'Effect')) === 'Allow' &&
        at(statement, 'Condition').kind === 'absent' &&
        isEverybody(at(statement, 'Principal')),
    );
    return open ? fail(`The policy of ${resource.name} allows every principal.`, 'policy', written) : pass;
  },
});

function isEverybody(principal: Value): boolean {
  const accounts = at(principal, 'AWS');
  return [principal, accounts, ...items(accounts)].some((value) => text(value) === '*');
}

function parse(json: string | undefined): Value {
  try {
    return valueOf(json === undefined ? undefined : JSON.parse(json));
  } catch {
    return valueOf(undefined);
  }
}
