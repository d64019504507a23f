import { at, items, text } from '@keyturn/resources';
import { definePolicy, fail, notApplicable, notKnown, pass } from '../policy.js';

export const azureKeyVaultCertificateNoRenewal = definePolicy({
  facts: {
    id: 'azure-key-vault-certificate-no-renewal',
    summary: 'Require certificates of Key Vault to be renewed by Key Vault',
    severity: 'medium',
    breaks: 'The certificate ends on a day that nobody remembers, or somebody gets a mail about it.',
    fix: 'Add a lifetime action of the type `AutoRenew`.',
  },
  types: ['azure:keyvault/certificate:Certificate'],
  needs: 'resource',
  check({ resource }) {
    const policy = at(resource.properties, 'certificatePolicy');
    const issuer = text(at(policy, 'issuerParameters', 'name'));
    if (policy.kind === 'absent' || issuer === 'Unknown') return notApplicable('it is issued outside of Key Vault');
    const written = at(policy, 'lifetimeActions');
    const actions = items(written).map((action) => at(action, 'action', 'actionType'));
    if (actions.some((action) => text(action) === 'AutoRenew')) return pass;
    if (written.kind === 'unknown' || actions.some(({ kind }) => kind === 'unknown')) {
      return notKnown(resource, 'whether it is renewed', 'certificatePolicy.lifetimeActions');
    }
    return fail(
      `Key Vault does not renew the certificate ${resource.name}.`,
      'certificatePolicy.lifetimeActions',
      written,
    );
  },
});
