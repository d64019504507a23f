/** The vault, or the name of a secret in it, is not one. */
export class KeyVaultError extends Error {
  override readonly name = 'KeyVaultError';
}

/** What the resource id of a vault says. */
export interface KeyVault {
  readonly id: string;
  readonly uri: string;
  readonly subscriptionId: string;
  readonly resourceGroupId: string;
}

const vaultId =
  /^(?<resourceGroupId>\/subscriptions\/(?<subscriptionId>[^/]+)\/resourceGroups\/[^/]+)\/providers\/Microsoft\.KeyVault\/vaults\/(?<name>[^/]+)$/i;

/**
 * Reads the resource id of a vault. `uri` is for clouds other than the public one.
 *
 * @throws KeyVaultError when the text is no such id.
 */
export function keyVaultOf(id: string, uri?: string): KeyVault {
  const { subscriptionId, resourceGroupId, name } = vaultId.exec(id)?.groups ?? {};
  if (subscriptionId === undefined || resourceGroupId === undefined || name === undefined) {
    throw new KeyVaultError(
      `\`vaultId\` is "${id}", which is not the resource id of a vault. Write "/subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/…".`,
    );
  }
  return { id, uri: uri ?? `https://${name}.vault.azure.net`, subscriptionId, resourceGroupId };
}

/** The secret of the candidates is called `<name>-keyturn`, and Key Vault takes 127 characters. */
const secretName = /^[0-9a-zA-Z-]{1,119}$/;

/**
 * The name of the secret: the one that is given, or that of the pair.
 *
 * @throws KeyVaultError when Key Vault does not take it.
 */
export function secretNameOf(pair: string, given?: string): string {
  const name = given ?? pair.replaceAll('_', '-');
  if (!secretName.test(name)) {
    throw new KeyVaultError(
      `"${name}" cannot be the name of a secret in Key Vault. Give a \`secretName\` of up to 119 letters, digits and "-".`,
    );
  }
  return name;
}
