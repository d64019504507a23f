/** How a client library takes its credential, and what makes it ask for a new one. Facts were tried against real servers, or read in the source, per version. */
export interface Client {
  readonly name: string;
  readonly modules: readonly string[];
  /** Members of the module that make a client, joined by dots; '' is the module itself. */
  readonly makers: readonly string[];
  /** One connection and no pool behind it. */
  readonly single?: readonly string[];
  readonly userKeys: readonly string[];
  readonly passwordKeys: readonly string[];
  readonly urlKeys: readonly string[];
  /** A text as first argument is a URL. */
  readonly takesUrl: boolean;
  /** Objects inside the options that hold the credential. */
  readonly nested?: readonly string[];
  /** Where a URL may stand when the first argument is a name. */
  readonly urlAt?: number;
  /** Options that hold a function or a class which makes the options, as modules of a framework have. */
  readonly factories?: readonly string[];
  /** The positions of user and password when they are arguments. */
  readonly positional?: { readonly user: number; readonly password: number };
  /** An option, and its values with which no credential is sent. */
  readonly withoutCredential?: { readonly key: string; readonly values: readonly string[] };
  /** The position of a credential that a function of the library makes: which function, and where the password is among its arguments. Any other value asks again. */
  readonly credential?: { readonly at: number; readonly maker: RegExp; readonly password: number };
  /** Whether a function as password is called for every new connection; `with-checker` when its answer has an `expirationChecker`. */
  readonly passwordFunction: 'yes' | 'not-with-url' | 'with-checker' | 'no';
  /** What differs in a major version, where the project asks for that one. */
  readonly inMajor?: Readonly<Record<number, Partial<Pick<Client, 'passwordFunction' | 'remedy'>>>>;
  /** Options that are asked again for each connection; any of them is a hook. `=` names a value that makes it one, `()` asks for a function. */
  readonly hooks: readonly string[];
  /** Hooks that can change the password alone. */
  readonly passwordHooks?: readonly string[];
  /** Classes that look like a hook and copy what they are given. */
  readonly fixedHooks?: readonly string[];
  /** Objects inside the options where a function as password is not called. */
  readonly fixedNested?: readonly string[];
  /** The dialects whose driver calls a function as password. */
  readonly functionDialects?: readonly string[];
  /** A URL that holds credentials switches the hooks off. */
  readonly urlBeatsHooks?: boolean;
  /** A member of the client that can be assigned before it reconnects. */
  readonly assignable?: readonly string[];
  /** Methods of the client that add a hook. */
  readonly hookMethods?: readonly string[];
  /** Its first argument is a URL or an object, whatever it is called. */
  readonly firstIsUrl?: boolean;
  /** Without any argument it still connects, with credentials from the environment. */
  readonly readsEnvironment?: boolean;
  /** Called without any argument, it takes its options from a file of this name above, or from the environment. */
  readonly settingsFile?: string;
  /** Its first argument is a list of options. */
  readonly takesList?: boolean;
  /** Says how to write the hook. */
  readonly remedy: string;
  /** The options that bound the life of a connection, as paths; what to write; and whether there is a bound by default. */
  readonly lifetime?: Lifetime;
  /** Finishes running work, then closes. */
  readonly drain: readonly string[];
  /** Closes without waiting. */
  readonly abrupt?: readonly string[];
}

/** Options that bound the life of a connection. */
export interface Lifetime {
  /** Paths inside the options. The first is the one to write. */
  readonly keys: readonly string[];
  /** Half an hour, in the unit of the first key; nothing where the key does not count time. */
  readonly halfAnHour?: number;
  readonly boundByDefault: boolean;
  /** Only with one of these as `type` or `dialect`. */
  readonly dialects?: readonly string[];
}

/** The option of `pg`, and of what is made over it. */
export const pgLifetime: Lifetime = {
  keys: ['maxLifetimeSeconds', 'maxUses'],
  halfAnHour: 1800,
  boundByDefault: false,
};

/** What the clients of SQL databases call their credential. */
export const sql = {
  userKeys: ['user', 'username'],
  passwordKeys: ['password'],
  urlKeys: ['connectionString', 'uri', 'url'],
};

export const keyturnPool = 'Use the pool of `@keyturn/pool`';
