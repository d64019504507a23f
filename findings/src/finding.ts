import { createHash } from 'node:crypto';
import type { Level, Severity } from './facts.js';

/** A physical place. SARIF consumers refuse a whole file for one result without it. Lines and columns count from 1. */
export interface FindingPlace {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** One link of a chain. Lengths of time are in milliseconds. */
export interface FindingLink {
  readonly message: string;
  readonly place: FindingPlace;
  /** `overlap`: how long the superseded credential works. Every other link is a time in which it is still used. */
  readonly part?: 'overlap' | 'refresh' | 'rollout' | 'cache' | 'pool' | 'grace';
  /** Left out where the link has no bound, or it is not known. */
  readonly ms?: number;
  /** Nothing in the model makes this link, or says how long it is. */
  readonly missing?: true;
}

/** One rule, one place, one message. Messages never hold a value. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly level: Exclude<Level, 'off'>;
  readonly message: string;
  readonly place: FindingPlace;
  /** URN of the resource, for findings in infrastructure. */
  readonly urn?: string;
  /** Path of the property, where the finding is about one: `spec.template.spec.containers[0].env[1]`. */
  readonly property?: string;
  /** Stable across edits elsewhere in the file: made from rule, subject and property, never from a line number. */
  readonly fingerprint: string;
  /** The links of a chain, each with its own place. */
  readonly related?: readonly FindingLink[];
}

/** A fingerprint from what identifies the finding: rule id first, then for example the path of the URN and the property. */
export function fingerprintOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 32);
}

/** A rule that could not decide, and why. Never a pass. */
export interface Undecided {
  readonly rule: string;
  readonly because: string;
  readonly place?: FindingPlace;
  readonly urn?: string;
}

/** Something that was not looked into, and why. Never clean. */
export interface NotAnalysed {
  readonly what: string;
  readonly because: string;
  readonly place?: FindingPlace;
  /** `whole`: a path, program or file gave no answer at all, and the run ends with "could not analyse". Default `part`. */
  readonly extent?: 'whole' | 'part';
}

/** A finding that an exception covers, with the reason somebody gave. It is shown, and does not fail the run. */
export interface Suppressed {
  readonly finding: Finding;
  readonly by: 'comment' | 'config' | 'baseline';
  readonly reason: string;
  /** Last day on which the exception holds, as `YYYY-MM-DD`. */
  readonly until?: string;
}

/** How the way a secret rotates differs from the base that was compared with. */
export interface PostureChange {
  readonly change: 'removed' | 'added' | 'slower' | 'faster' | 'replaced';
  readonly message: string;
  readonly place: FindingPlace;
  readonly urn: string;
}

/** Everything one run has to say. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly undecided: readonly Undecided[];
  readonly notAnalysed: readonly NotAnalysed[];
  readonly suppressed?: readonly Suppressed[];
  /** Only after a comparison with a base. */
  readonly posture?: readonly PostureChange[];
  /** What was looked at, so that "no findings" can be told from "nothing read". */
  readonly looked: {
    readonly programs: number;
    readonly resources: number;
    readonly sourceFiles: number;
    /** Kubernetes manifests and other files that describe infrastructure without a program. */
    readonly manifests?: number;
    /** Compose files, workflows, `.env` files, templates and scripts. */
    readonly otherFiles?: number;
    readonly rules: number;
  };
  /** How the network was kept from programs that were run. Left out where none was. */
  readonly network?: NetworkUse;
}

export interface NetworkUse {
  /** `process`: refused inside each process. `namespace`: and by the kernel, too. Neither is a sandbox. */
  readonly guard: 'process' | 'namespace';
  /** Hosts and addresses that programs asked for in vain. */
  readonly refused: readonly string[];
}

/** By file, line, column, rule, then message: the same input always gives the same order. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...findings].sort(
    (a, b) =>
      text(a.place.file, b.place.file) ||
      a.place.line - b.place.line ||
      (a.place.column ?? 0) - (b.place.column ?? 0) ||
      text(a.rule, b.rule) ||
      text(a.message, b.message),
  );
}
