import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

import {
  defaultLevel,
  inOrder,
  presets,
  type Finding,
  type FindingPlace,
  type NotAnalysed,
  type Preset,
  type Report,
  type Suppressed,
} from '@keyturn/findings';
import { applyExceptions, exceptionRules, isDay } from '@keyturn/findings/exceptions';
import type { EvaluateOptions } from '@keyturn/policies';
import type { Resource } from '@keyturn/resources';

import { findConfig, loadConfig, type FailOn, type LoadedConfig, type Setting } from '../config/config.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { applyBaseline, readBaseline } from './baseline.js';
import { checkPrograms } from './check-programs.js';
import { checkStates, checkYamlPrograms } from './check-documents.js';
import { checkTexts } from './check-texts.js';
import { compareWith } from './compare.js';
import { withoutDuplicates } from './duplicates.js';
import { factsOf, packFolders } from './check-packs.js';
import { settingPlaces } from './setting-place.js';
import { configuredExceptions, directivesIn, exceptionsInCode } from './exceptions.js';
import { findInputs } from './find-inputs.js';
import type { Part } from './part.js';
import { repositoryOf } from './repository.js';
import { allRules, findRule, type Rule } from './rules.js';

export interface CheckProgress {
  readonly phase: 'programs' | 'manifests' | 'sources';
  readonly done: number;
  readonly total: number;
}

export interface CheckOptions {
  /** Files and folders, from `cwd`. Default: `cwd` itself. */
  readonly paths?: readonly string[];
  /** Places in the report are relative to it. Default: the current folder. */
  readonly cwd?: string;
  /** Default: what the configuration says, else `recommended`. */
  readonly preset?: Preset;
  /** Configuration file, from `cwd`. `false` reads none. Default: the nearest `keyturn.config.json` in `cwd` or above, within the repository. */
  readonly config?: string | false;
  /** Stack whose configuration programs get. Default: the recorder's choice. */
  readonly stack?: string;
  /** File of findings that were there before, from `cwd`. `false` reads none. Default: what the configuration says, else none. */
  readonly baseline?: string | false;
  /** Git ref to compare with: the report has only findings that it does not have, and how the rotation posture changed. Default: none. */
  readonly base?: string;
  /** Milliseconds one program may take. Default: 60 000. */
  readonly timeoutMs?: number;
  /** Folders of other CrossGuard policy packs, from `cwd`, to run over each program that is recorded. Default: none. */
  readonly policyPacks?: readonly string[];
  /** The day exceptions are measured against, `YYYY-MM-DD`. Default: today in UTC. */
  readonly today?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** What `check` needs to know before it reads anything. */
export interface CheckSettings {
  readonly cwd: string;
  readonly repository: string;
  readonly preset: Preset;
  readonly rules: readonly Rule[];
  readonly settings: Readonly<Record<string, Setting>>;
  readonly failOn?: FailOn;
  readonly loaded?: LoadedConfig;
  /** Full path of the baseline. */
  readonly baseline?: string;
  readonly today: string;
}

/**
 * Reads the configuration and checks what was asked for.
 * @throws UsageError for a configuration, preset or date that cannot be used.
 */
export function settle(options: CheckOptions): CheckSettings {
  const cwd = realpathSync(path.resolve(options.cwd ?? process.cwd()));
  const repository = repositoryOf(cwd) ?? cwd;
  const rules = allRules();
  const file =
    options.config === false
      ? undefined
      : options.config === undefined
        ? findConfig(cwd, repository)
        : path.resolve(cwd, options.config);
  const loaded = file === undefined ? undefined : loadConfig(file, shownFrom(cwd)(file), rules);
  const preset = options.preset ?? loaded?.config.preset ?? 'recommended';
  if (!presets.includes(preset)) {
    throw new UsageError(
      `There is no preset "${String(preset)}".${didYouMean(preset, presets)} There are ${presets.join(', ')}.`,
    );
  }
  const today = options.today ?? new Date().toISOString().slice(0, 10);
  if (!isDay(today)) throw new UsageError(`"${today}" is not a day of the calendar. Write YYYY-MM-DD.`);
  return {
    cwd,
    repository,
    preset,
    rules,
    settings: loaded?.config.rules ?? {},
    today,
    ...(loaded?.config.failOn === undefined ? {} : { failOn: loaded.config.failOn }),
    ...(loaded === undefined ? {} : { loaded }),
    ...baselineOf(options, cwd, loaded),
  };
}

function baselineOf({ baseline }: CheckOptions, cwd: string, loaded: LoadedConfig | undefined): { baseline?: string } {
  if (baseline === false) return {};
  if (baseline !== undefined) return { baseline: path.resolve(cwd, baseline) };
  const configured = loaded?.config.baseline;
  return loaded === undefined || configured === undefined
    ? {}
    : { baseline: path.resolve(path.dirname(loaded.file), configured) };
}

/**
 * Checks Pulumi programs, Kubernetes manifests, compose files, workflows, `.env` files, templates, scripts and application source, and says in one report what was found, what could not be decided
 * and what was not analysed. A `notAnalysed` entry whose `extent` is `whole` means that the report is not the whole truth.
 * @throws UsageError for options or a configuration that cannot be used.
 */
export async function check(given: CheckOptions = {}): Promise<Report> {
  const settled = settle(given);
  const options = { ...given, policyPacks: packFolders(given.policyPacks ?? [], settled.cwd) };
  const examined = await examine(options, settled);
  const { base } = options;
  if (base === undefined) return examined.report;
  return compareWith(base, examined, {
    repository: settled.repository,
    cwd: settled.cwd,
    paths: options.paths ?? [],
    // The base is judged by the configuration of today: a stricter rule is not news about the program.
    examine: (cwd, paths) => {
      const there = {
        ...options,
        cwd,
        paths,
        config: settled.loaded?.file ?? (false as const),
        baseline: false as const,
      };
      return examine(there, settle(there));
    },
  });
}

/** A report, and the resources it is about. */
export interface Examined {
  readonly report: Report;
  readonly resources: readonly Resource[];
}

/** No source file: ESLint and TypeScript's parser need not be loaded. */
const nothingRead = { findings: [], undecided: [], notAnalysed: [], resources: [], read: [], suppressed: [] };

async function examine(options: CheckOptions, settled: CheckSettings): Promise<Examined> {
  const { cwd, repository, preset, settings, loaded } = settled;
  const shown = shownFrom(cwd);
  const named = (file: string) => path.relative(repository, file).split(path.sep).join('/');
  const given = options.paths ?? [];
  const inputs = await findInputs(given.length === 0 ? ['.'] : given, {
    cwd,
    shown,
    ...(loaded?.config.ignore === undefined
      ? {}
      : { ignore: loaded.config.ignore, ignoreFrom: path.dirname(loaded.file) }),
  });
  const evaluate: EvaluateOptions = { preset, rules: settings };
  const report = (phase: CheckProgress['phase'], total: number) => {
    let done = 0;
    return () => options.onProgress?.({ phase, done: (done += 1), total });
  };

  const recording = checkPrograms(inputs.programs, {
    evaluate,
    shown,
    ...(options.stack === undefined ? {} : { stack: options.stack }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    packs: packFolders(options.policyPacks ?? [], cwd),
    onDone: report('programs', inputs.programs.length),
  });
  const texts = checkTexts(inputs.documents, { evaluate, named, shown });
  const documents = [
    ...checkYamlPrograms(inputs.yamlPrograms, { evaluate, named, shown, cwd }),
    ...checkStates(inputs.states, { evaluate, named, shown, cwd }),
  ];
  // Programs run in processes of their own; sources are read while they do, and what reads them is loaded then.
  const reading =
    inputs.sources.length === 0
      ? nothingRead
      : import('./check-sources.js').then(({ checkSources }) =>
          checkSources(inputs.sources, {
            cwd,
            preset,
            rules: settings,
            named,
            shown,
            onDone: report('sources', inputs.sources.length),
          }),
        );
  const [programs, sources] = await Promise.all([recording, reading]);
  const parts = [...programs, texts, ...documents, sources];
  return {
    report: combine(parts, inputs.notAnalysed, sources.suppressed, settled),
    resources: parts.flatMap(({ resources }) => resources),
  };
}

function combine(
  parts: readonly Part[],
  notFound: readonly NotAnalysed[],
  disabled: readonly Suppressed[],
  settled: CheckSettings,
): Report {
  const { settings, preset, cwd, loaded, today } = settled;
  const packRules = new Map(parts.flatMap((part) => [...(part.packRules ?? [])]));
  const others = [...packRules].map(([id, severity]): Rule => ({ kind: 'policy', facts: factsOf(id, severity) }));
  const rules = [...settled.rules, ...others];
  const sum = (count: (part: Part) => number | undefined) =>
    parts.reduce((total, part) => total + (count(part) ?? 0), 0);
  const looked = {
    programs: sum(({ programs }) => programs),
    resources: sum(({ resources }) => resources.length),
    sourceFiles: sum(({ sourceFiles }) => sourceFiles),
    manifests: sum(({ manifests }) => manifests),
    otherFiles: sum(({ otherFiles }) => otherFiles),
    rules: rules.filter(({ facts }) => levelOf(facts.id) !== 'off').length,
  };
  const read = parts.flatMap((part) => part.read);
  const kinds = new Map(rules.map(({ kind, facts }) => [facts.id, kind]));
  const places = new Map(
    parts.flatMap((part) => part.resources).flatMap(({ urn, place }) => (place ? [[urn, place] as const] : [])),
  );
  const notAnalysed = [...notFound, ...parts.flatMap((part) => part.notAnalysed)];
  if (
    looked.programs + looked.sourceFiles + looked.manifests + looked.otherFiles === 0 &&
    !notAnalysed.some(({ extent }) => extent === 'whole')
  ) {
    notAnalysed.push({
      what: 'everything',
      because:
        'no Pulumi program, manifest, compose file, workflow, `.env` file, template, script or source file was found',
      extent: 'whole',
    });
  }

  const knows = (rule: string): true | string => {
    const known = findRule(rule, rules);
    return typeof known === 'string' ? known : true;
  };
  const inCode = exceptionsInCode(
    parts.flatMap((part) => part.resources),
    knows,
  );
  const directives = directivesIn(new Set(read.map(({ file }) => file)), cwd);
  const commented = new Set(directives.map(({ place }) => place.file));
  const settingsOf = settingPlaces((file) => (commented.has(file) ? textOf(file) : undefined));
  const { findings, suppressed } = applyExceptions(
    parts.flatMap((part) => part.findings),
    {
      directives: [...directives, ...inCode.malformed],
      configured: [...configuredExceptions(loaded, shownFrom(cwd), cwd), ...inCode.configured],
      today,
      knows,
      // A rule that is off, or a file that was not read by its kind of rule, says nothing about an exception.
      ran: (rule, file) =>
        levelOf(rule) !== 'off' &&
        (file === undefined
          ? !notAnalysed.some(({ extent }) => extent === 'whole')
          : read.some((entry) => entry.file === file && entry.by === kinds.get(rule))),
      levelOf,
      placesOf: (finding: Finding): FindingPlace[] => {
        const { place, urn } = finding;
        const resource = urn === undefined ? undefined : places.get(urn);
        return [place, ...(resource === undefined ? [] : [resource]), ...settingsOf(finding)];
      },
    },
  );

  const before = settled.baseline;
  const rest =
    before === undefined
      ? { findings, suppressed: [] }
      : applyBaseline(findings, readBaseline(before, shownFrom(cwd)(before)), shownFrom(cwd)(before), staleLevel());
  const accepted = [...suppressed, ...rest.suppressed].map(({ finding }) => finding);
  return {
    findings: inOrder(withoutDuplicates(rest.findings, accepted, textOf)),
    undecided: parts.flatMap((part) => part.undecided),
    notAnalysed,
    suppressed: [...suppressed, ...disabled, ...rest.suppressed],
    looked,
    ...networkOf(parts),
  };

  function textOf(file: string): string | undefined {
    try {
      return readFileSync(path.resolve(cwd, file), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** An entry is stale only if everything was read. */
  function staleLevel() {
    return notAnalysed.some(({ extent }) => extent === 'whole') ? 'off' : levelOf('exception-unused');
  }

  function levelOf(id: string) {
    if (packRules.has(id)) return 'warn';
    const given = settings[id];
    const level = typeof given === 'string' ? given : given?.level;
    const severity = rules.find(({ facts }) => facts.id === id)?.facts.severity ?? exceptionRules[0].severity;
    return level ?? defaultLevel(severity, preset);
  }
}

function networkOf(parts: readonly Part[]): Pick<Report, 'network'> {
  const used = parts.flatMap(({ network }) => network ?? []);
  if (used.length === 0) return {};
  const guard = used.every((each) => each.guard === 'namespace') ? 'namespace' : 'process';
  return { network: { guard, refused: [...new Set(used.flatMap(({ refused }) => refused))].sort() } };
}

/** Paths as people write them: from the folder they are in, with `/`. */
export function shownFrom(cwd: string): (file: string) => string {
  return (file) => path.relative(cwd, file).split(path.sep).join('/') || '.';
}
