import type { Finding, FindingPlace, NetworkUse, NotAnalysed, Severity, Undecided } from '@keyturn/findings';
import type { Resource } from '@keyturn/resources';

/** What one reader of the check has to say. Places are as the report shows them. */
export interface Part {
  readonly findings: readonly Finding[];
  readonly undecided: readonly Undecided[];
  readonly notAnalysed: readonly NotAnalysed[];
  readonly resources: readonly Resource[];
  /** Files that were read to the end, with the kind of rules that ran over them. */
  readonly read: readonly { readonly file: string; readonly by: 'policy' | 'lint' }[];
  readonly programs?: number;
  readonly sourceFiles?: number;
  readonly manifests?: number;
  readonly otherFiles?: number;
  readonly network?: NetworkUse;
  /** Policies of other packs that ran, as `pack:policy`, with the severity that the pack gives. */
  readonly packRules?: ReadonlyMap<string, Severity>;
}

/** Changes the file of every place. */
export function movePlaces<T>(thing: T, move: (file: string) => string): T {
  if (Array.isArray(thing)) return thing.map((item: unknown) => movePlaces(item, move)) as T;
  if (typeof thing !== 'object' || thing === null) return thing;
  return Object.fromEntries(
    Object.entries(thing).map(([key, value]: [string, unknown]) => {
      if (key === 'place' && isPlace(value)) return [key, { ...value, file: move(value.file) }];
      return [key, key === 'related' ? movePlaces(value, move) : value];
    }),
  ) as T;
}

function isPlace(value: unknown): value is FindingPlace {
  return typeof value === 'object' && value !== null && 'file' in value && typeof value.file === 'string';
}
