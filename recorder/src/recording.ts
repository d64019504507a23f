import type { Model, Place } from '@keyturn/resources';

export interface RecordOptions {
  /** The folder that holds `Pulumi.yaml`. */
  readonly directory: string;
  /** Whose `Pulumi.<stack>.yaml` is read. Default: the only one there is, else `dev`, else the first by name. */
  readonly stack?: string;
  /** Milliseconds until a run is stopped. Default 60 000. */
  readonly timeoutMs?: number;
  /** Mebibytes of memory the program may use. Default 1024. */
  readonly memoryMb?: number;
  /** Samples for configuration keys, full (`project:key`) or short; they count as plain configuration. */
  readonly config?: Readonly<Record<string, string>>;
  /** Environment variables that the program shall see as they are. None of the caller's are passed on otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onProgress?: (event: RecordProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RecordProgress {
  readonly phase: 'started' | 'resource' | 'done';
  readonly resources: number;
}

/** How the network was kept from the program. `namespace` has both; neither makes running it safe. */
export type NetworkGuard = 'process' | 'namespace';

/** What a program would register, and how far it got. */
export interface Recording extends Model {
  /** Only `complete` may ever count as clean. */
  readonly ended: 'complete' | 'failed' | 'timeout' | 'out-of-memory' | 'aborted';
  /** One sentence, for every end but `complete`. */
  readonly reason?: string;
  /** Where it went wrong, when known. */
  readonly place?: Place;
  /** The program's own files that were run, relative to its folder. */
  readonly files: readonly string[];
  readonly project: string;
  readonly stack: string;
  readonly networkGuard: NetworkGuard;
  /** Hosts and addresses the program asked for, and was refused. */
  readonly refused: readonly string[];
  /** Milliseconds in all. */
  readonly ms: number;
}
