import * as pulumi from '@pulumi/pulumi';

import { bundleFile } from '../bundle.js';

/**
 * The code of the rotation function: one file.
 *
 * @throws BundleMissing when the bundle was not made.
 */
export function rotatorCode(): pulumi.asset.Archive {
  return new pulumi.asset.AssetArchive({ 'index.mjs': new pulumi.asset.FileAsset(bundleFile('aws-lambda')) });
}
