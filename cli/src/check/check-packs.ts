import path from 'node:path';

import {
  fingerprintOf,
  printable,
  type Finding,
  type NotAnalysed,
  type RuleFacts,
  type Severity,
  type Undecided,
} from '@keyturn/findings';
import { runPack, type PackResult, type Recording } from '@keyturn/recorder';

import type { Part } from './part.js';

export interface PackFolders {
  /** Full paths of the folders of policy packs. */
  readonly packs: readonly string[];
  readonly shown: (file: string) => string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What one program's recording gets from other policy packs: places are relative to the program, as the recording's are. */
export type PackPart = Pick<Part, 'findings' | 'undecided' | 'notAnalysed'> & {
  readonly packRules: ReadonlyMap<string, Severity>;
};

/** Runs each pack over a recording. A pack that did not come to its end is never clean. */
export async function checkPacks(recording: Recording, { packs, shown, ...limits }: PackFolders): Promise<PackPart> {
  const findings: Finding[] = [];
  const undecided: Undecided[] = [];
  const notAnalysed: NotAnalysed[] = [];
  const packRules = new Map<string, Severity>();
  for (const directory of packs) {
    const result = await runPack(recording, { directory, ...limits });
    if (result.reason !== undefined) {
      notAnalysed.push({
        what: `the policy pack ${printable(shown(directory))}`,
        because: result.reason,
        place: { file: 'Pulumi.yaml', line: 1 },
        extent: 'whole',
      });
      continue;
    }
    for (const { name, severity } of result.policies) packRules.set(idOf(result, name), severity);
    report(recording, result, findings, undecided);
  }
  return { findings, undecided, notAnalysed, packRules };
}

function report(recording: Recording, result: PackResult, findings: Finding[], undecided: Undecided[]): void {
  const severities = new Map(result.policies.map(({ name, severity }) => [name, severity]));
  const places = new Map(recording.resources.flatMap(({ urn, place }) => (place ? [[urn, place] as const] : [])));
  for (const { policy, urn, kind, message } of result.violations) {
    const rule = idOf(result, policy);
    const about = urn === undefined ? {} : { urn };
    const place = (urn === undefined ? undefined : places.get(urn)) ?? { file: 'Pulumi.yaml', line: 1 };
    const said = message.replaceAll(/\s*\n\s*/g, ' ');
    if (kind === 'undecided') undecided.push({ rule, because: said, place, ...about });
    else
      findings.push({
        rule,
        severity: severities.get(policy) ?? 'medium',
        level: kind === 'mandatory' ? 'block' : 'warn',
        message: said,
        place,
        ...about,
        fingerprint: fingerprintOf(rule, urn ?? '', said),
      });
  }
}

function idOf({ name }: PackResult, policy: string): string {
  return `${name}:${policy}`;
}

/** What an exception needs to know about a policy of another pack. */
export function factsOf(id: string, severity: Severity): RuleFacts {
  return {
    id,
    summary: 'Require what a policy pack of somebody else asks for',
    severity,
    breaks: 'The pack says so.',
    fix: 'See the page of the pack.',
  };
}

/** Full paths, because a comparison runs the same packs over a checkout elsewhere. */
export function packFolders(packs: readonly string[], cwd: string): readonly string[] {
  return packs.map((pack) => path.resolve(cwd, pack));
}
