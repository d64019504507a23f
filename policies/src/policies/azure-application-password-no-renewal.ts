import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten } from '../truth.js';

const renewals = ['rotateWhenChanged', 'endDate', 'endDateRelative'] as const;

export const azureApplicationPasswordNoRenewal = definePolicy({
  facts: {
    id: 'azure-application-password-no-renewal',
    summary: 'Require passwords of applications and service principals to be renewed',
    severity: 'medium',
    breaks:
      'Without a date of its own the password ends two years later, on a day that nobody remembers, and everything that uses it stops.',
    fix: 'Set `rotateWhenChanged` with a rotation of the time provider, or an `endDate`.',
    equivalents: ['entra_app_registration_credential_not_expired'],
  },
  types: [
    'azuread:index/applicationPassword:ApplicationPassword',
    'azuread:index/servicePrincipalPassword:ServicePrincipalPassword',
  ],
  needs: 'resource',
  check({ resource }) {
    const written = renewals.map((name) => isWritten(at(resource.properties, name)));
    if (written.includes('yes')) return pass;
    if (written.includes('unknown')) return notKnown(resource, 'when it is renewed', 'rotateWhenChanged');
    return fail(`The password ${resource.name} is never renewed.`, 'rotateWhenChanged');
  },
});
