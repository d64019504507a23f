import { at } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass } from '../policy.js';
import { isWritten, truthOf } from '../truth.js';

export const azureSqlAdminPassword = definePolicy({
  facts: {
    id: 'azure-sql-admin-password',
    summary: 'Require servers of Azure SQL to take identities instead of the password of one administrator',
    severity: 'low',
    breaks: 'There is one administrator with one password: to rotate it is to lock out whoever still has the old one.',
    fix: 'Name an administrator of Microsoft Entra, and allow nothing else.',
  },
  types: ['azure-native:sql*:Server', 'azure:mssql/server:Server'],
  needs: 'resource',
  check({ resource }) {
    const native = resource.type.startsWith('azure-native:');
    const names = ['administratorLoginPassword', 'administratorLoginPasswordWo'];
    const property = names.find((name) => isWritten(at(resource.properties, name)) !== 'no');
    if (property === undefined) return pass;
    const path = native
      ? ['administrators', 'azureADOnlyAuthentication']
      : ['azureadAdministrator', 'azureadAuthenticationOnly'];
    const only = truthOf(at(resource.properties, ...path));
    if (only === 'on') return pass;
    if (only === 'unknown') return notKnown(resource, 'whether it takes passwords', path.join('.'));
    return fail(
      `${resource.name} takes the password of one administrator.`,
      property,
      at(resource.properties, property),
    );
  },
});
