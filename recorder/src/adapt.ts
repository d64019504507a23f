import type { Observed } from './model.js';
import type { Answered, Report } from './preload/messages.cjs';
import type { ConfigEntry } from './project.js';
import { sentinelFor } from './sentinels.js';
import { hole, listedIn, shapeOf, wordsIn } from './shapes.js';

/** What the next run does differently, because something that was made up was not what the program could use. */
export interface Adaptation {
  /** Answer look-ups of unset environment variables. */
  readonly environment: boolean;
  /** Answer optional configuration that is missing. */
  readonly optional: boolean;
  /** Texts by what was asked for (`config shop:url`, `environment URL`, `stack`). */
  readonly shapes: ReadonlyMap<string, string>;
  readonly paths: ReadonlyMap<string, 'file' | 'folder'>;
  /** What is made up where the program asks in vain. */
  readonly answered: readonly Answered[];
  /** Words that were tried, by what was asked for. */
  readonly tried: ReadonlyMap<string, readonly string[]>;
  /** Load it as the ES module that it is though its package does not say so; `awaits` where `require` would not do. */
  readonly asModule: 'awaits' | 'imports' | undefined;
}

export const unadapted: Adaptation = {
  environment: true,
  optional: false,
  shapes: new Map(),
  paths: new Map(),
  answered: [],
  tried: new Map(),
  asModule: undefined,
};

/** What is known about the program beside its run. */
export interface Circumstances {
  readonly config: readonly ConfigEntry[];
  /** Nobody said which stack it is. */
  readonly stackIsGuessed: boolean;
  /** The text of the program's own files. */
  readonly source: () => string;
}

type Failure = Extract<Report, { type: 'error' }>;

/** One thing that was made up for the program. */
interface MadeUp {
  readonly kind: 'config' | 'environment' | 'stack';
  readonly name: string;
}

/** Bounds the words that are tried for one setting. */
const mostWords = 4;

/**
 * The next thing to try after a run that failed; `undefined` when the failure has nothing to do with what was made up.
 * Each answer changes one thing that was not changed before, so this comes to an end.
 */
export function adapt(current: Adaptation, failed: Observed, program: Circumstances): Adaptation | undefined {
  const { reports } = failed.output;
  const error = reports.find((report) => report.type === 'error');
  if (error?.type !== 'error') return undefined;
  const asModule = current.asModule === undefined ? moduleNeeded(error, program.source) : undefined;
  if (asModule !== undefined) return { ...current, asModule };
  if (error.name === 'SyntaxError') return undefined;
  const missed = missedBy(error, reports);
  const settings = madeUp(reports, program);
  const strict = missed !== undefined && missed !== 'members';
  return (
    bySentinel(current, failed, error, settings) ??
    (strict ? answering(current, missed) : undefined) ??
    (isAbsent(error, reports) ? lookingUp(current) : undefined) ??
    byForm(current, error, settings) ??
    (missed === 'members' && looksLikeSdk(error) ? answering(current, missed) : undefined) ??
    byWord(current, error, settings, program.source) ??
    (current.environment && reports.some(({ type }) => type === 'environment')
      ? { ...current, environment: false, shapes: new Map(), tried: new Map() }
      : undefined) ??
    answering(current, missed) ??
    (strict ? undefined : lookingUp(current))
  );
}

/** `require` met what only an ES module may do, or went to the loader of ES modules, which knows no TypeScript and lends no package. */
function moduleNeeded({ code, message }: Failure, source: () => string): Adaptation['asModule'] {
  if (
    code === 'ERR_REQUIRE_ASYNC_MODULE' ||
    /await is only valid in async functions and the top level bodies of modules/.test(message)
  )
    return 'awaits';
  const imported = code === 'ERR_MODULE_NOT_FOUND' && /imported from .*\.m?js$/m.test(message);
  return imported && /^\s*(?:import\s*[\w*{'"]|export\s*[\w*{])/m.test(source()) ? 'imports' : undefined;
}

/** The program looked up what nobody set, and then used it. */
function isAbsent({ name, message }: Failure, reports: readonly Report[]): boolean {
  return name === 'TypeError' && /of undefined/.test(message) && reports.some(({ type }) => type === 'config-absent');
}

function lookingUp(current: Adaptation): Adaptation | undefined {
  return current.optional ? undefined : { ...current, optional: true };
}

/** In the order in which the program asked, the last first: it fails soon after it has asked. */
function madeUp(reports: readonly Report[], { config, stackIsGuessed }: Circumstances): readonly MadeUp[] {
  const asked = reports.flatMap((report): readonly MadeUp[] => {
    if (report.type === 'config' && report.missing) return [{ kind: 'config', name: report.key }];
    return report.type === 'environment' ? [{ kind: 'environment', name: report.name }] : [];
  });
  const hidden = config.filter(({ value }) => value === undefined);
  return [
    ...asked.reverse(),
    ...hidden.map(({ key }): MadeUp => ({ kind: 'config', name: key })),
    ...(stackIsGuessed ? [{ kind: 'stack', name: '' } as const] : []),
  ];
}

/** As `shapes` has it. */
export function keyOf({ kind, name }: MadeUp): string {
  return kind === 'stack' ? 'stack' : `${kind} ${name}`;
}

function isOpen({ shapes, paths }: Adaptation, setting: MadeUp): boolean {
  return !shapes.has(keyOf(setting)) && !(setting.kind === 'config' && paths.has(setting.name));
}

function shaping(current: Adaptation, setting: MadeUp, shape: string): Adaptation {
  return { ...current, shapes: new Map([...current.shapes, [keyOf(setting), shape]]) };
}

function answering(current: Adaptation, missed: Answered | undefined): Adaptation | undefined {
  return missed === undefined || current.answered.includes(missed)
    ? undefined
    : { ...current, answered: [...current.answered, missed] };
}

/** The error shows the very text that was made up. */
function bySentinel(
  current: Adaptation,
  { prefix }: Observed,
  { message }: Failure,
  settings: readonly MadeUp[],
): Adaptation | undefined {
  const shown = settings.find(
    (each) =>
      each.kind !== 'stack' && isOpen(current, each) && message.includes(sentinelFor(prefix, each.kind, each.name)),
  );
  if (shown === undefined) return undefined;
  if (shown.kind === 'config' && /ENOENT|ENOTDIR|no such file|not exist/i.test(message)) {
    const kind = /scandir|opendir|directory '|folder|ENOTDIR/.test(message) ? 'folder' : 'file';
    return { ...current, paths: new Map([...current.paths, [shown.name, kind]]) };
  }
  return shaping(current, shown, listedIn(message) ?? shapeOf(message) ?? shapeOf(shown.name) ?? `${hole}.example.com`);
}

/** The error complains about the form of something; the setting that it names is at fault, or one whose name promises that form. */
function byForm(current: Adaptation, { message, name }: Failure, settings: readonly MadeUp[]): Adaptation | undefined {
  const open = settings.filter((each) => each.kind !== 'stack' && isOpen(current, each));
  const form = listedIn(message) ?? shapeOf(message);
  const mentioned = open.find((each) => mentions(message, each.name));
  if (mentioned !== undefined) {
    const shape = form ?? shapeOf(mentioned.name);
    if (shape !== undefined) return shaping(current, mentioned, shape);
  }
  if (form === undefined || (name === 'TypeError' && !/URL|number|NaN/i.test(message))) return undefined;
  const [suspect] = [...open.filter((each) => shapeOf(each.name) === form), ...open];
  return suspect === undefined ? undefined : shaping(current, suspect, form);
}

function mentions(message: string, name: string): boolean {
  const short = name.split(':').at(-1) ?? name;
  const spaced = short.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_-]/g, ' ');
  const text = message.toLowerCase();
  return short.length > 2 && [short, spaced].some((form) => text.includes(form.toLowerCase()));
}

/** A look-up by a setting found nothing: the program knows some words, and the setting should be one of them. */
function byWord(
  current: Adaptation,
  { message, name }: Failure,
  settings: readonly MadeUp[],
  source: () => string,
): Adaptation | undefined {
  const lookedUp = name === 'TypeError' && /of undefined|is not iterable|undefined is not/.test(message);
  if (
    !lookedUp &&
    !/unknown|unsupported|invalid|\bbad\b|not (?:supported|allowed|valid|found)|no \w+ for/i.test(message)
  )
    return undefined;
  const setting = settings.find((each) => isOpen(current, each) || current.tried.has(keyOf(each)));
  if (setting === undefined) return undefined;
  const key = keyOf(setting);
  const tried = current.tried.get(key) ?? [];
  const word = tried.length < mostWords ? wordsIn(source()).find((each) => !tried.includes(each)) : undefined;
  if (word === undefined) return undefined;
  return { ...shaping(current, setting, word), tried: new Map([...current.tried, [key, [...tried, word]]]) };
}

/** `helm.v2.Chart is not a constructor`, or a class of a namespace that is not there. */
function looksLikeSdk({ message }: Failure): boolean {
  return /\(reading '[A-Z]|is not a constructor/.test(message);
}

/** What of its surroundings the program missed. */
function missedBy({ message, code, name, stack }: Failure, reports: readonly Report[]): Answered | undefined {
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return 'modules';
  if (/^Command failed|^spawn(?:Sync)? /.test(message)) return 'commands';
  if (code === 'ENOENT' || code === 'ENOTDIR' || /ENOENT|no such file/i.test(message)) return 'files';
  if (reports.some(({ type }) => type === 'blocked') && /fetch|network|EKEYTURN/i.test(`${message} ${stack}`))
    return 'network';
  return name === 'TypeError' && /undefined|not a (?:constructor|function)/.test(message) ? 'members' : undefined;
}
