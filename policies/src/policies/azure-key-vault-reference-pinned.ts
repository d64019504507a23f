import { leaves, text } from '@keyturn/resources';
import { formatPath } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';

const settings = /(^|\.)(appSettings|properties|siteConfig|configuration|secrets|connectionStrings)(\.|\[|$)/;

export const azureKeyVaultReferencePinned = definePolicy({
  facts: {
    id: 'azure-key-vault-reference-pinned',
    summary: 'Disallow a written version in references to Key Vault',
    severity: 'medium',
    breaks:
      'The platform follows a reference without a version by itself, and restarts what reads it; one with a version stays at the old secret.',
    fix: 'Leave the version out of the reference.',
  },
  types: [
    'azure-native:web*:WebApp',
    'azure-native:web*:WebAppApplicationSettings',
    'azure-native:app*:ContainerApp',
    'azure:appservice/linuxWebApp:LinuxWebApp',
    'azure:appservice/windowsWebApp:WindowsWebApp',
    'azure:appservice/linuxFunctionApp:LinuxFunctionApp',
    'azure:appservice/windowsFunctionApp:WindowsFunctionApp',
    'azure:containerapp/app:App',
  ],
  needs: 'resource',
  check({ resource }) {
    const results: Result[] = [];
    for (const { path, value } of leaves(resource.properties)) {
      const property = formatPath(path);
      if (value.kind === 'unknown') {
        if (value.provenance.kind === 'unknown' && settings.test(property)) {
          results.push(notKnown(resource, `what \`${property}\` refers to`, property));
        }
      } else if (isPinned(text(value) ?? '', String(path.at(-1)))) {
        results.push(fail(`\`${property}\` of ${resource.name} refers to one version of a secret.`, property, value));
      }
    }
    return results.length > 0 ? results : pass;
  },
});

function isPinned(written: string, key: string): boolean {
  const uri =
    key === 'keyVaultUrl' || key === 'keyVaultSecretId'
      ? written
      : /^@Microsoft\.KeyVault\((.*)\)$/i.exec(written.trim())?.[1];
  if (uri === undefined) return false;
  return /\/secrets\/[^/;)]+\/[0-9a-f]{32}\/?(;|$)/i.test(uri) || /SecretVersion=[0-9a-f]{32}/i.test(uri);
}
