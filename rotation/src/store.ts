import type { Credential, VersionStage } from '@keyturn/plan';

/** A credential as a store holds it. */
export interface StoredCredential extends Credential {
  /** Names this version in its store, for ever. */
  readonly version: string;
  readonly stage: VersionStage;
}

/** Where applications read the published credential, and where a candidate waits until it was tested. */
export interface Store {
  readonly name: string;
  /** The credential that applications read; `undefined` before the first publication. */
  readPublished(): Promise<StoredCredential | undefined>;
  /** A version by its name, whatever its stage; `undefined` when the store does not hold it. */
  readVersion(version: string): Promise<StoredCredential | undefined>;
  /**
   * Makes a candidate durable, out of sight of applications. The first write with a token wins: a later one with the same token changes
   * nothing and returns the same version, so that a retry uses the same candidate.
   *
   * @returns the name of the version.
   */
  writePending(credential: Credential, options: { readonly token: string }): Promise<string>;
  /**
   * Makes a version the published one, and the one before it `previous`. Publishing what is published already changes nothing.
   *
   * @throws StoreConflictError when the published version is not `expectedCurrent`.
   */
  publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void>;
  /** Forgets a candidate. Does nothing when the version is unknown; a version that was published stays. */
  discardPending(version: string): Promise<void>;
  /** The versions that the store still holds, where it can list them. */
  versions?(): Promise<readonly StoredVersion[]>;
  /**
   * Gives a user a new password in the database and keeps it, where the store and not the engine makes passwords. Running it twice makes two; the last one counts.
   *
   * @returns the password that the user has now.
   */
  rekey?(user: string): Promise<string>;
}

/** A version by its name, without what is in it. */
export interface StoredVersion {
  readonly version: string;
  readonly stage: VersionStage;
}

/** A store could not be read or written. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
}

/** Somebody else published in the meantime. */
export class StoreConflictError extends StoreError {
  override readonly name = 'StoreConflictError';
  readonly expected: string | undefined;
  readonly found: string | undefined;

  constructor(store: string, expected: string | undefined, found: string | undefined) {
    super(
      `${store}: the published version is ${found ?? 'none'} and not ${expected ?? 'none'}: somebody else published. ` +
        'Nothing was published; see who else writes this secret.',
    );
    this.expected = expected;
    this.found = found;
  }
}
