/** Environment variables that the program reads get a sentinel each, so that what is made from them can be told from what is written. */
import { settings } from './settings.cjs';
import { report } from './report.cjs';
import { frames, isProgramFile, printFrame, programCaller } from './frames.cjs';
import { createHash } from 'node:crypto';

import type { SentinelKind, StandInKind } from './messages.cjs';

/** Switches and names of the platform: a sentinel in them would change what the program does. */
const functional =
  /^(?:CI|TZ|HOME|PATH|PWD|USER|LOGNAME|SHELL|TERM|DEBUG|LANG|EDITOR|TMPDIR|TEMP|TMP|HOSTNAME|COLORTERM|FORCE_COLOR|NO_COLOR|.*_ENV|.*DEBUG|LC_.*|NODE_.*|npm_.*|PULUMI_.*|GRPC_.*|GITHUB_ACTIONS|.*(?:ENABLED?|DISABLED?|SKIP|DRY_RUN).*)$/;

const given = new Map<string, { readonly kind: SentinelKind; readonly name: string }>();

/** The sentinel of one name: the same in one run, another in the next. */
export function sentinelFor(kind: SentinelKind, name: string): string {
  const hash = createHash('sha256').update(`${settings.prefix}|${kind}|${name}`).digest('hex');
  const sentinel = settings.prefix + hash.slice(0, 10);
  given.set(sentinel, { kind, name });
  return sentinel;
}

/** Writes down that something is made up, and where the program asked for it. Its sentinel is the text that stands for it. */
export function sayStandIn(kind: StandInKind, name: string): string {
  const caller = frames(30).find(({ file }) => isProgramFile(file));
  report({ type: 'stand-in', kind, name, at: caller === undefined ? '' : printFrame(caller) });
  return sentinelFor(kind, name);
}

/** What a text stands for, when it is a sentinel of this run. */
export function meaningOf(text: string): { readonly kind: SentinelKind; readonly name: string } | undefined {
  return given.get(text);
}

/** Replaces `process.env` with one that answers the program's own look-ups. */
export function watchEnvironment(): void {
  const real = process.env;
  const answers = (name: string): string | undefined => {
    if (functional.test(name) || programCaller() === undefined) return undefined;
    report({ type: 'environment', name });
    const text = settings.environmentTexts[name];
    if (text !== undefined) return text;
    return settings.environment ? sentinelFor('environment', name) : undefined;
  };
  const watched = new Proxy(real, {
    get(target, name) {
      if (typeof name !== 'string') return Reflect.get(target, name) as unknown;
      const value = target[name];
      if (value === undefined) return answers(name);
      return value;
    },
  });
  Object.defineProperty(process, 'env', { value: watched, writable: true, enumerable: true, configurable: true });
}
