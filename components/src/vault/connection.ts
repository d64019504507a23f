import * as pulumi from '@pulumi/pulumi';
import type * as vault from '@pulumi/vault';

import type { Engine } from './engine.js';

type ConnectionArgs = Partial<vault.database.SecretBackendConnectionArgs>;

/** The plugin's part of a connection. The password is a secret whatever the caller gave: the SDK does not mark nested write-only inputs. */
export function connectionArgs(engine: Engine): ConnectionArgs {
  if (engine.kind === 'other') return { pluginName: engine.plugin, data: pulumi.secret({ ...engine.data }) };
  const login = {
    connectionUrl: engine.connectionUrl,
    username: engine.username,
    passwordWo: pulumi.secret(engine.password),
    passwordWoVersion: 1,
  };
  // A verifier: the clear text never reaches the server's log.
  if (engine.kind === 'postgres') return { postgresql: { ...login, passwordAuthentication: 'scram-sha-256' } };
  return { mysql: login };
}
