import type { Input } from '@pulumi/pulumi';
import * as vault from '@pulumi/vault';

export function role(name: string, backend: Input<string>): vault.database.SecretBackendStaticRole {
  return new vault.database.SecretBackendStaticRole(name, {
    backend,
    dbName: 'shop',
    username: name,
    rotationPeriod: 86_400,
  });
}
