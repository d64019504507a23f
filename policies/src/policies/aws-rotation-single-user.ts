import { at, text, type Resource } from '@keyturn/resources';
import { awsRotationTypes } from '../graph/aws-rotations.js';
import { definePolicy, fail, isOfType, notKnown, pass, type PolicyContext, type Result } from '../policy.js';

const application = 'aws:serverlessrepository/cloudFormationStack:CloudFormationStack';
const versions = ['aws:secretsmanager/secretVersion:SecretVersion'];

export const awsRotationSingleUser = definePolicy({
  facts: {
    id: 'aws-rotation-single-user',
    summary: 'Disallow rotation that changes the password of the only user',
    severity: 'high',
    breaks:
      'Between the new password in the database and the new password in the last application, logins are refused.',
    fix: 'Rotate two users in turn (the multi-user function, with `masterarn` in the secret).',
    component: 'DualUserDatabaseRole',
  },
  types: [application, ...awsRotationTypes, ...versions],
  needs: 'graph',
  check(context) {
    const { resource } = context;
    if (resource.type === application) {
      const id = at(resource.properties, 'applicationId');
      if (id.kind === 'unknown') return notKnown(resource, 'which application it deploys', 'applicationId');
      return /RotationSingleUser$/.test(text(id) ?? '') ? found(resource, 'applicationId') : pass;
    }
    return isOfType(resource.type, awsRotationTypes) ? checkHosted(resource) : checkVersion(context);
  },
});

function checkHosted(resource: Resource): Result {
  const type = at(resource.properties, 'hostedRotationLambda', 'rotationType');
  if (type.kind === 'unknown') return notKnown(resource, 'the kind of its rotation', 'hostedRotationLambda');
  return (text(type) ?? '').endsWith('SingleUser') ? found(resource, 'hostedRotationLambda.rotationType') : pass;
}

/** The functions of AWS rotate the user in the secret itself when the secret names no `masterarn`. */
function checkVersion({ resource, graph }: PolicyContext): Result {
  const value = at(resource.properties, 'secretString');
  const content = parse(text(value));
  if (
    value.kind !== 'unknown' &&
    !(content && 'engine' in content && 'username' in content && !('masterarn' in content))
  )
    return pass;
  const meant = graph.secretsOf(resource, 'secretId');
  const known = value.kind !== 'unknown';
  if (known && graph.rotatingAmong(meant.certain)) return found(resource, 'secretString');
  return graph.mayRotate(meant) ? notKnown(resource, 'whether its secret has a second user', 'secretString') : pass;
}

function found(resource: Resource, property: string): Result {
  return fail(
    `${resource.name} changes the password of the user that applications are using.`,
    property,
    at(resource.properties, ...property.split('.')),
  );
}

function parse(json: string | undefined): object | undefined {
  if (json === undefined) return undefined;
  try {
    const data: unknown = JSON.parse(json);
    return typeof data === 'object' && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}
