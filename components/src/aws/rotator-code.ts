import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import * as pulumi from '@pulumi/pulumi';

/** The bundle of the rotation engine is missing: the package was not packed, only built. */
export class BundleMissing extends Error {
  override readonly name = 'BundleMissing';
}

/** Beside the compiled file in the package; in the room of the engine while we work on it. */
const places = [
  '../bundles/aws-lambda.mjs',
  '../../bundles/aws-lambda.mjs',
  '../../../rotation/dist/bundles/aws-lambda.mjs',
];

/**
 * The code of the rotation function: one file.
 *
 * @throws BundleMissing when the bundle was not made.
 */
export function rotatorCode(): pulumi.asset.Archive {
  const bundle = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((place) => existsSync(place));
  if (bundle === undefined) {
    throw new BundleMissing("The rotation function's bundle is missing. Run `npm run bundle -w @keyturn/rotation`.");
  }
  return new pulumi.asset.AssetArchive({ 'index.mjs': new pulumi.asset.FileAsset(bundle) });
}
