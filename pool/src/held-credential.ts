import type { Credential } from '@keyturn/plan';

/** A credential in memory. Its password shows neither in `util.inspect` nor in JSON, also not among the hidden properties. */
export class HeldCredential implements Credential {
  readonly user: string;
  readonly generation: number;
  readonly #password: string;

  constructor({ user, password, generation }: Credential) {
    this.user = user;
    this.generation = generation;
    this.#password = password;
  }

  get password(): string {
    return this.#password;
  }

  equals(other: Credential): boolean {
    return this.user === other.user && this.generation === other.generation && this.#password === other.password;
  }
}
