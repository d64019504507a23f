import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { NotAnalysed, Place } from '@keyturn/resources';

import { adapt, unadapted, type Adaptation, type Circumstances } from './adapt.js';
import { ModelBuilder, type Observed } from './model.js';
import { placeInStack, shownPath } from './places.js';
import { ProjectError, readProject, type ConfigEntry, type Project } from './project.js';
import type { RecordOptions, Recording } from './recording.js';
import { run, type RunInput } from './run.js';
import { configOf, newPrefix, sentinelFor } from './sentinels.js';
import { hole, keyHole, shortHole } from './shapes.js';

/**
 * Runs a Pulumi program against a monitor that only writes down, and says what it would register.
 * No engine, CLI, plugin, credentials or network. It still runs the program's code, with the rights of the caller.
 * Never throws for what is wrong with the program: see `ended` and `reason`.
 */
export async function recordProgram(options: RecordOptions): Promise<Recording> {
  const started = performance.now();
  const directory = path.resolve(options.directory);
  const elapsed = (): number => Math.round(performance.now() - started);
  let project: Project;
  try {
    const found = readProject(directory, options.stack);
    project = { ...found, config: withSamples(found, options.config ?? {}) };
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    return notStarted(error, directory, options, elapsed());
  }
  options.onProgress?.({ phase: 'started', resources: 0 });
  const { first, second, asModule } = await runAdapted(project, options);
  const builder = new ModelBuilder(project, first, second);
  const { output } = first;
  const resources = builder.resources();
  const place = output.stack === undefined ? undefined : placeInStack(output.stack, directory);
  options.onProgress?.({ phase: 'done', resources: resources.length });
  return {
    ended: output.ended,
    ...(output.reason !== undefined && { reason: output.reason }),
    ...(place && { place }),
    resources,
    notAnalysed: [...(asModule === 'awaits' ? [topLevelAwait] : []), ...builder.notAnalysed()],
    files: output.reports.flatMap((report) => (report.type === 'loaded' ? [shownPath(report.path, directory)] : [])),
    project: project.name,
    stack: project.stack,
    networkGuard: output.networkGuard,
    refused: output.reports.flatMap((report) => (report.type === 'blocked' ? [report.what] : [])),
    ms: elapsed(),
  };
}

function withSamples({ name, config }: Project, samples: Readonly<Record<string, string>>): readonly ConfigEntry[] {
  const entries = new Map(config.map((entry) => [entry.key, entry]));
  for (const [short, value] of Object.entries(samples)) {
    const key = short.includes(':') ? short : `${name}:${short}`;
    entries.set(key, { key, secret: entries.get(key)?.secret ?? false, value, sample: true });
  }
  return [...entries.values()];
}

const defaultTimeout = 60_000;

interface Runs {
  readonly first: Observed;
  readonly second: Observed | undefined;
  readonly asModule?: Adaptation['asModule'];
}

const topLevelAwait: NotAnalysed = {
  what: 'how Pulumi loads this program',
  because:
    'it, or what it imports, waits at the top level, which only an ES module may, and was run as one; its package.json has no "type": "module", so a deployment would end there',
};

/** Bounds the runs of a program that cannot use what was made up for it. */
const attempts = 12;

/** Runs the program until it can use what was made up for it, or nothing is left to try. */
async function runAdapted(project: Project, options: RecordOptions): Promise<Runs> {
  let adaptation = unadapted;
  const ends = performance.now() + (options.timeoutMs ?? defaultTimeout);
  const runs = await runTwice(project, options, adaptation);
  let last = runs;
  for (let count = 1; count < attempts && last.first.output.ended === 'failed'; count += 1) {
    if (performance.now() > ends) break;
    const { reports } = last.first.output;
    const program: Circumstances = {
      config: project.config,
      stackIsGuessed: project.stackIsGuessed,
      source: () => sourceOf(reports),
    };
    const next = adapt(adaptation, last.first, program);
    if (next === undefined) break;
    adaptation = next;
    last = await runTwice(project, options, adaptation);
  }
  // When nothing helped, the first failure is the one to show: the others are about what was made up.
  return last.first.output.ended === 'complete' ? { ...last, asModule: adaptation.asModule } : runs;
}

/** What a shape says in one run. */
function shaped(shape: string, prefix: string, sentinel: string): string {
  if (shape === keyHole)
    return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return shape === shortHole ? prefix : shape.replaceAll(hole, sentinel);
}

/** The text of the program's own files, as far as they were loaded. */
function sourceOf(reports: Observed['output']['reports']): string {
  const files = reports.flatMap((report) => (report.type === 'loaded' ? [report.path] : []));
  return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

/** The second run starts with the first, and is stopped as soon as it turns out that there is nothing to compare. */
async function runTwice(project: Project, options: RecordOptions, adaptation: Adaptation): Promise<Runs> {
  const stopSecond = new AbortController();
  const signal = options.signal ?? new AbortController().signal;
  let resources = 0;
  const onResource = (): void => {
    resources += 1;
    options.onProgress?.({ phase: 'resource', resources });
  };
  const observe = async (all: boolean, more: Partial<RunInput>): Promise<Observed> => {
    const prefix = newPrefix();
    const config = configOf(project.config, prefix, all);
    const environment: Record<string, string> = {};
    for (const [key, shape] of adaptation.shapes) {
      const [kind, name = ''] = key.split(/ (.*)/s);
      if (kind === 'config') config.set(name, shaped(shape, prefix, sentinelFor(prefix, kind, name)));
      if (kind === 'environment') environment[name] = shaped(shape, prefix, sentinelFor(prefix, kind, name));
    }
    const output = await run({
      project: {
        ...project,
        stack: adaptation.shapes.get('stack') ?? project.stack,
        ...(adaptation.asModule !== undefined && { esm: true, importsEntry: true }),
      },
      config,
      secretKeys: project.config.filter(({ secret }) => secret).map(({ key }) => key),
      prefix,
      environment: adaptation.environment,
      environmentTexts: environment,
      optional: adaptation.optional,
      answered: adaptation.answered,
      paths: adaptation.paths,
      env: options.env ?? {},
      timeoutMs: options.timeoutMs ?? defaultTimeout,
      memoryMb: options.memoryMb ?? 1024,
      signal,
      ...more,
    });
    return { prefix, config, output };
  };
  const second = observe(true, { signal: AbortSignal.any([signal, stopSecond.signal]) });
  const first = await observe(false, { onResource });
  const asked = first.output.reports.some(({ type }) => type === 'config' || type === 'environment');
  if (first.output.ended !== 'complete' || !asked) stopSecond.abort();
  const other = await second;
  return { first, second: other.output.ended === 'complete' ? other : undefined };
}

function notStarted(error: ProjectError, directory: string, options: RecordOptions, ms: number): Recording {
  const place: Place = { file: error.file, line: 1 };
  return {
    ended: 'failed',
    reason: error.message,
    place,
    resources: [],
    notAnalysed: [],
    files: [],
    project: path.basename(directory),
    stack: options.stack ?? 'dev',
    networkGuard: 'process',
    refused: [],
    ms,
  };
}
