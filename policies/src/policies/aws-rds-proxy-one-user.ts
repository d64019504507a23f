import { at, items, text, type Resource, type Value } from '@keyturn/resources';
import { isNamedBy, awsSecretTypes } from '../graph/aws-rotations.js';
import { urnsBehind, type Match } from '../graph/matching.js';
import { definePolicy, fail, isOfType, notKnown, pass } from '../policy.js';

export const awsRdsProxyOneUser = definePolicy({
  facts: {
    id: 'aws-rds-proxy-one-user',
    summary: 'Require an RDS Proxy in front of a rotated secret to know both users',
    severity: 'high',
    breaks:
      'The proxy knows only the newest credential and refuses every application that still holds the previous one.',
    fix: 'Give `auths` the secret of each of the two users, or let clients log in with IAM.',
    component: 'DualUserDatabaseRole',
  },
  types: ['aws:rds/proxy:Proxy'],
  needs: 'graph',
  check({ resource, model, graph }) {
    const written = at(resource.properties, 'auths');
    const auths = items(written);
    if (written.kind === 'unknown') return notKnown(resource, 'its list of secrets', 'auths');
    const [only] = auths;
    if (auths.length !== 1 || !only) return pass;
    const iam = at(only, 'iamAuth');
    if (text(iam) === 'REQUIRED') return pass;
    const reference = at(only, 'secretArn');
    const matches = model.resources
      .filter(({ type }) => isOfType(type, awsSecretTypes))
      .map((secret) => ({ secret, match: means(reference, secret), rotations: graph.rotationsOf(secret) }))
      .filter(({ match, rotations }) => match !== 'no' && rotations.certain.length + rotations.possible.length > 0);
    const [certain] = matches.filter(({ match, rotations }) => match === 'yes' && rotations.certain.length > 0);
    if (certain && iam.kind !== 'unknown') {
      return fail(`${resource.name} knows one secret, and ${certain.secret.name} is rotated.`, 'auths', written);
    }
    return matches.length > 0 ? notKnown(resource, 'whether its secret is rotated', 'auths') : pass;
  },
});

function means(reference: Value, secret: Resource): Match {
  const urns = urnsBehind(reference);
  if (urns.length > 0) return urns.includes(secret.urn) ? 'yes' : 'no';
  const written = text(reference);
  if (written !== undefined) return isNamedBy(written, secret);
  return reference.kind === 'unknown' ? 'unknown' : 'no';
}
