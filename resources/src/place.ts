/** Where something was written. Lines and columns count from 1. */
export interface Place {
  /** Path as the user can open it: relative to the folder that was analysed, or absolute. */
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}
