/** How bad it is when the rule is broken: a fact of the rule. */
export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** What happens on a finding: the user's choice. */
export const levels = ['off', 'warn', 'block'] as const;
export type Level = (typeof levels)[number];

export const presets = ['recommended', 'strict', 'pci'] as const;
export type Preset = (typeof presets)[number];

/** What a rule of either kind says about itself, once. Index, tables, configs and page headers are made from it. */
export interface RuleFacts {
  /** Kebab-case, unique across policies and lint rules. */
  readonly id: string;
  /** One line that begins with Require, Disallow or Enforce, without a full stop. */
  readonly summary: string;
  readonly severity: Severity;
  /** What goes wrong on rotation day. */
  readonly breaks: string;
  /** What to write instead. */
  readonly fix: string;
  readonly deprecatedIds?: readonly string[];
  /** Confirmed controls, such as `PCI DSS v4.0.1 8.6.3`. */
  readonly controls?: readonly string[];
  /** The same check elsewhere: `CKV2_AWS_57`, `SecretsManager.1`. */
  readonly equivalents?: readonly string[];
  /** The component that makes the mistake impossible. */
  readonly component?: string;
}

const page = 'https://github.com/keyturn/keyturn/blob/main/docs/rules';

/** The page of a rule. */
export function pageOf(id: string): string {
  return `${page}/${id}.md`;
}

/** Whether it is a rule of ours: those of other policy packs are called `pack:policy`, and have no page here. */
export function hasPage(id: string): boolean {
  return !id.includes(':');
}

/** critical, high → block; medium → warn; low → warn in `strict`, off elsewhere. `pci` blocks from medium up. */
export function defaultLevel(severity: Severity, preset: Preset): Level {
  if (severity === 'critical' || severity === 'high') return 'block';
  if (severity === 'medium') return preset === 'recommended' ? 'warn' : 'block';
  return preset === 'strict' ? 'warn' : 'off';
}
