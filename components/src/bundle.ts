import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A bundle of the rotation engine is missing: the package was not packed, only built. */
export class BundleMissing extends Error {
  override readonly name = 'BundleMissing';
}

/** In the package; in the room of the engine while we work on it. */
const folders = ['./bundles/', '../bundles/', '../../rotation/dist/bundles/'];

/**
 * Path of the one file that a host of the rotation engine is: `aws-lambda`, `kubernetes-job`.
 *
 * @throws BundleMissing when the bundle was not made.
 */
export function bundleFile(host: string): string {
  const file = folders
    .map((folder) => fileURLToPath(new URL(`${folder}${host}.mjs`, import.meta.url)))
    .find((place) => existsSync(place));
  if (file === undefined) {
    throw new BundleMissing(`The bundle ${host}.mjs is missing. Run \`npm run bundle -w @keyturn/rotation\`.`);
  }
  return file;
}
