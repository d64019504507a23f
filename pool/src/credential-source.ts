import type { Credential } from '@keyturn/plan';

/** Where an application's credential comes from: a file, a secret manager, or a function of yours. */
export interface CredentialSource {
  /** Reads the credential that is published now. User and password always come from the same version. */
  read(signal?: AbortSignal): Promise<Credential>;
  /** Reads the credential that was published before, when the source keeps it; it is the fallback inside the overlap. */
  readPrevious?(signal?: AbortSignal): Promise<Credential | undefined>;
  /** Calls back when the credential may have changed, until the returned function is called. It must not keep the process alive. */
  watch?(onChange: () => void): () => void;
}
