/** What a sentinel stands for. */
export type SentinelKind = 'config' | 'environment' | 'invoke' | StandInKind;

/** What was made up: a module that is not there, a member that an installed SDK lacks, what a file, a command or a server would say. */
export type StandInKind = 'module' | 'member' | 'file' | 'command' | 'network';

/** What is made up because a run failed without it. */
export type Answered = 'modules' | 'members' | 'files' | 'commands' | 'network';

/** What the recorder tells the process that runs the program. Travels in one environment variable, which is removed at once. */
/** What a `tsconfig.json` says about imports, with full paths. */
export interface Aliases {
  readonly paths: readonly { readonly pattern: string; readonly targets: readonly string[] }[];
  readonly baseUrl?: string;
}

export interface Settings {
  /** The only address that may be connected to: a socket path, or `127.0.0.1:port`. */
  readonly monitor: string;
  /** The folder of the Pulumi project; frames inside it and outside node_modules are the program's own. */
  readonly directory: string;
  /** Where SDK packages are looked for when the program has none of its own. */
  readonly fallbackRoot: string;
  /** Prefix of every sentinel of this run. */
  readonly prefix: string;
  /** Answer look-ups of unset environment variables with sentinels. */
  readonly environment: boolean;
  /** What these variables are answered with. */
  readonly environmentTexts: Readonly<Record<string, string>>;
  /** Answer optional configuration that is missing, too. */
  readonly optional: boolean;
  /** What is made up where the program asks in vain. */
  readonly answered: readonly Answered[];
  /** `import * as x` means the module itself (`esModuleInterop` is off). */
  readonly legacyInterop: boolean;
  /** Pulumi would `require` what is an ES module. */
  readonly importsEntry: boolean;
  readonly aliases: Aliases;
}

/** What the process that runs the program tells the recorder, one JSON text per line on file descriptor 3. */
export type Report =
  | {
      readonly type: 'config';
      readonly key: string;
      readonly secret: boolean;
      readonly missing: boolean;
    }
  | { readonly type: 'config-absent'; readonly key: string }
  | { readonly type: 'environment'; readonly name: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'invoke'; readonly token: string }
  | { readonly type: 'loaded'; readonly path: string }
  | { readonly type: 'blocked'; readonly what: string }
  | { readonly type: 'exit-called'; readonly code: number; readonly stack: string }
  /** Where a resource is made, when the SDK does not see it. */
  | { readonly type: 'made'; readonly resource: string; readonly name: string; readonly at: string }
  | { readonly type: 'apply-unreached'; readonly at: string; readonly makesResources: boolean }
  /** `at` is a printed frame, or nothing. */
  | {
      readonly type: 'stand-in';
      readonly kind: StandInKind;
      readonly name: string;
      readonly at: string;
    }
  | { readonly type: 'missing-property'; readonly property: string; readonly resource: string; readonly at: string }
  | { readonly type: 'sdk-borrowed'; readonly name: string }
  | {
      readonly type: 'error';
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      readonly code?: string | undefined;
    };
