import { at, items, text } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

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
  check({ resource, graph }) {
    const written = at(resource.properties, 'auths');
    const auths = items(written);
    if (written.kind === 'unknown') return notKnown(resource, 'its list of secrets', 'auths');
    const [only] = auths;
    if (auths.length !== 1 || !only) return pass;
    const iam = at(only, 'iamAuth');
    if (text(iam) === 'REQUIRED') return pass;
    const reference = at(only, 'secretArn');
    const meant = graph.secrets.meantBy(reference);
    const rotated = graph.rotatingAmong(meant.certain);
    if (rotated && iam.kind !== 'unknown') {
      return fail(`${resource.name} knows one secret, and ${rotated.name} is rotated.`, 'auths', written);
    }
    return graph.mayRotate(meant) ? notKnown(resource, 'whether its secret is rotated', 'auths') : pass;
  },
});
