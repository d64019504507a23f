import { describe, expect, it } from 'vitest';

import { KeyVaultError, keyVaultOf, secretNameOf } from './key-vault.js';

const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/shop';

describe('the resource id of a vault', () => {
  it('tells its address and its subscription, in whatever case Azure writes it', () => {
    expect(keyVaultOf(id)).toEqual({
      id,
      uri: 'https://shop.vault.azure.net',
      subscriptionId: 's',
      resourceGroupId: '/subscriptions/s/resourceGroups/g',
    });
    expect(keyVaultOf(id.replace('resourceGroups', 'resourcegroups')).subscriptionId).toBe('s');
    expect(keyVaultOf(id, 'https://shop.vault.azure.cn').uri).toBe('https://shop.vault.azure.cn');
  });

  it.each(['shop', 'https://shop.vault.azure.net', `${id}/secrets/shop`, id.replace('KeyVault', 'Storage')])(
    'is not %s',
    (other) => {
      expect(() => keyVaultOf(other)).toThrow(KeyVaultError);
      expect(() => keyVaultOf(other)).toThrow(`\`vaultId\` is "${other}", which is not the resource id of a vault.`);
    },
  );
});

describe('the name of the secret', () => {
  it('is that of the pair, as far as Key Vault takes it', () => {
    expect(secretNameOf('shop_app')).toBe('shop-app');
    expect(secretNameOf('shop.app', 'given')).toBe('given');
    expect(secretNameOf('p'.repeat(119))).toHaveLength(119);
    expect(() => secretNameOf('p'.repeat(120))).toThrow(KeyVaultError);
    expect(() => secretNameOf('shop.app')).toThrow('"shop.app" cannot be the name of a secret in Key Vault.');
  });
});
