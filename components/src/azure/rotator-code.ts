import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import * as pulumi from '@pulumi/pulumi';

import { bundleFile } from '../bundle.js';

/** The function of the bundle that Event Grid calls. */
export const nearExpiryFunction = 'keyturn-near-expiry';

const host = {
  version: '2.0',
  // A rotation ends in seconds; one that does not is begun anew by the timer.
  functionTimeout: '00:05:00',
  // Binds Event Grid.
  extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
};
const program = { name: 'keyturn-rotator', type: 'module', main: 'index.mjs' };

export interface RotatorCode {
  readonly archive: pulumi.asset.Archive;
  /** Changes with what is in the archive. */
  readonly digest: string;
}

/**
 * The code of the function app: one file, and what the Functions host wants beside it.
 *
 * @throws BundleMissing when the bundle was not made.
 */
export function rotatorCode(): RotatorCode {
  const file = bundleFile('azure-function');
  const beside = { 'host.json': JSON.stringify(host), 'package.json': JSON.stringify(program) };
  return {
    archive: new pulumi.asset.AssetArchive({
      'index.mjs': new pulumi.asset.FileAsset(file),
      ...Object.fromEntries(
        Object.entries(beside).map(([name, text]) => [name, new pulumi.asset.StringAsset(text)] as const),
      ),
    }),
    digest: createHash('sha256').update(readFileSync(file)).update(JSON.stringify(beside)).digest('hex').slice(0, 16),
  };
}
