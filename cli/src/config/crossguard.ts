import type { Level } from '@keyturn/findings';

import type { Rule } from '../check/rules.js';
import type { Config, Setting } from './config.js';

const levels: Readonly<Record<string, Level>> = {
  mandatory: 'block',
  remediate: 'block',
  advisory: 'warn',
  disabled: 'off',
};

/** Policies of the pack about the pack itself: `keyturn check` says what they say in other words. */
const ofThePack = new Set(['keyturn-undecided', 'keyturn-exceptions']);

function isObject(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function isSetting(data: unknown): boolean {
  if (typeof data === 'string') return Object.hasOwn(levels, data);
  return isObject(data) && (data['enforcementLevel'] === undefined || isSetting(data['enforcementLevel']));
}

/**
 * The file that `pulumi preview --policy-pack-config` takes, as a configuration of `keyturn check`: levels and options by the name of a
 * policy, and `all` for the policies that are not named. `undefined` when the data is no such file.
 */
export function fromCrossGuard(data: unknown, own: readonly string[], rules: readonly Rule[]): Config | undefined {
  if (!isObject(data)) return undefined;
  const entries = Object.entries(data);
  if (entries.length === 0 || entries.some(([name, value]) => own.includes(name) || !isSetting(value)))
    return undefined;
  const settings = new Map<string, Setting>();
  const all = data['all'] === undefined ? undefined : settingOf(data['all']);
  if (all !== undefined) for (const { kind, facts } of rules) if (kind === 'policy') settings.set(facts.id, all);
  for (const [name, value] of entries) if (name !== 'all' && !ofThePack.has(name)) settings.set(name, settingOf(value));
  return { rules: Object.fromEntries(settings) };
}

function settingOf(value: unknown): Setting {
  if (!isObject(value)) return levels[String(value)] ?? 'warn';
  const { enforcementLevel, ...options } = value;
  const level = typeof enforcementLevel === 'string' ? levels[enforcementLevel] : undefined;
  return {
    ...(level === undefined ? {} : { level }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}
