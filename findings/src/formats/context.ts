import type { RuleFacts } from '../facts.js';
import type { Report } from '../finding.js';

/** What a format needs besides the report. */
export interface FormatContext {
  /** Version of keyturn, as it goes into machine-readable reports. */
  readonly version: string;
  /** Facts of every rule that could have reported, in the order in which they are listed. */
  readonly rules: readonly RuleFacts[];
  /** Colours and bold. Default: false. */
  readonly colour?: boolean;
  /** Text of a file that the report names, for code frames. Default: no frames. */
  readonly source?: (file: string) => string | undefined;
  /** Path from the root of the repository to the folder that places are relative to, with `/` and without a final one. Default: that folder is the root. */
  readonly prefix?: string;
}

/** A report as text. It ends with a line break. */
export type Format = (report: Report, context: FormatContext) => string;
