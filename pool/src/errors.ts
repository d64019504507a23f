/** The credential could not be read: the source is away, or what it holds is no credential. Names the source, never a value. */
export class CredentialSourceError extends Error {
  override readonly name = 'CredentialSourceError';
}

/**
 * No credential could be used in time: each one that is known was refused, or none could be read. `cause` is the last error, of the
 * database or of the source.
 */
export class NoUsableCredential extends Error {
  override readonly name = 'NoUsableCredential';
  /** Generations that the database refused. */
  readonly refused: readonly number[];

  constructor(message: string, refused: readonly number[], options?: ErrorOptions) {
    super(message, options);
    this.refused = refused;
  }
}

/** A connection was prepared with a credential that is no longer the one to use. Never leaves this package. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** A connection string and a credential cannot be put together. */
export class ConnectionStringError extends Error {
  override readonly name = 'ConnectionStringError';
}
