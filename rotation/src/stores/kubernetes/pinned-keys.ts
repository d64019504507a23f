import type { Credential } from '@keyturn/plan';

import { encoded } from './objects.js';

type Data = Readonly<Record<string, string>>;

/** Keys of a version that pods mount by its id, as `<version>.username`. */
const parts = ['username', 'password', 'generation'] as const;

/** The keys of one version beside its own. */
export function pinnedData(version: string, { user, password, generation }: Credential): Data {
  return encoded({
    [`${version}.username`]: user,
    [`${version}.password`]: password,
    [`${version}.generation`]: String(generation),
  });
}

/** The version that a key of the Secret belongs to: its own, or that of which it is a part. */
export function versionOf(key: string, data: Data): string {
  const part = parts.find((each) => key.endsWith(`.${each}`));
  const version = part === undefined ? key : key.slice(0, -part.length - 1);
  return version in data ? version : key;
}

/** The keys of the versions that are kept, or `undefined` when all are. */
export function keptVersions(data: Data, keeps: (version: string) => boolean): Data | undefined {
  const kept = Object.entries(data).filter(([key]) => keeps(versionOf(key, data)));
  return kept.length === Object.keys(data).length ? undefined : Object.fromEntries(kept);
}
