import { at, text } from '@keyturn/resources';
import { isCredentialName, isCredentialText, isPlaceholder, isReference } from '../credential-names.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

export const awsParameterNotSecure = definePolicy({
  facts: {
    id: 'aws-parameter-not-secure',
    summary: 'Require parameters that hold a credential to be encrypted',
    severity: 'high',
    breaks: 'Everybody who may list parameters can read it, so every one of them is a reason to rotate.',
    fix: 'Use the type `SecureString`, or Secrets Manager, which can rotate it.',
    equivalents: ['CKV2_AWS_36', 'CKV_AWS_384'],
  },
  types: ['aws:ssm/parameter:Parameter', 'aws-native:ssm:Parameter'],
  needs: 'graph',
  check({ resource }) {
    const type = at(resource.properties, 'type');
    if (text(type) === 'SecureString') return pass;
    const value = at(resource.properties, 'value');
    const written = text(value);
    const name = at(resource.properties, 'name');
    const called = (text(name) ?? resource.name).split('/').at(-1) ?? '';
    if (written !== undefined && (isPlaceholder(written) || isReference(written))) return pass;
    const isCredential = written !== undefined && isCredentialText(written);
    if (name.kind === 'unknown' && !isCredential) return notKnown(resource, 'what it holds', 'name');
    if (!isCredential && !isCredentialName(called)) {
      return value.kind === 'unknown' && value.provenance.kind === 'unknown'
        ? notKnown(resource, 'what it holds', 'value')
        : pass;
    }
    if (value.kind === 'absent') return pass;
    if (type.kind === 'unknown' || value.kind === 'unknown')
      return notKnown(resource, 'whether it holds a credential in the clear', 'type');
    return fail(`The parameter ${resource.name} holds a credential in the clear.`, 'type', value);
  },
});
