import { readFileSync } from 'node:fs';
import path from 'node:path';

import { presets, severities, type Preset, type Report } from '@keyturn/findings';
import { Argument, Command, Option } from 'commander';

import type { FailOn } from '../config/config.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { version } from '../version.js';
import { Destinations, formatNames, render, writeReport } from './outputs.js';
import { progressLine } from './progress.js';
import { wantsColour, type Terminal } from './terminal.js';

interface Flags {
  readonly preset?: Preset;
  readonly failOn?: FailOn;
  readonly failOnUndecided?: boolean;
  readonly explain?: string;
  readonly config?: string | false;
  readonly stack?: string;
  readonly timeout?: number;
  readonly baseline?: string;
  readonly base?: string;
  readonly updateBaseline?: boolean;
  readonly pruneBaseline?: boolean;
}

/** `keyturn check`. `finish` gets the exit code. */
export function checkCommand(terminal: Terminal, finish: (code: number) => void): Command {
  const destinations = new Destinations();
  const policyPacks: string[] = [];
  return new Command('check')
    .description(
      'Find what will hurt on rotation day: in Pulumi programs, Kubernetes YAML, compose and .env files, templates, scripts, CI and application source',
    )
    .addArgument(new Argument('[paths...]', 'files and folders (default: this folder)'))
    .option(
      '-f, --format <name[=file]>',
      `how to report: ${formatNames.join(', ')}; may be given several times (default: pretty)`,
      (value) => destinations.format(value),
    )
    .option('--json', 'the same as --format json', () => destinations.format('json'))
    .option('-o, --output <file>', 'where the format before it goes (default: the standard output)', (value) =>
      destinations.output(value),
    )
    .addOption(
      new Option('--preset <name>', `levels of all rules: ${presets.join(', ')} (default: recommended)`).argParser(
        oneOf('preset', presets),
      ),
    )
    .addOption(
      new Option(
        '--fail-on <severity>',
        'exit with 1 from this severity up: low, medium, high, critical, never (default: findings whose level is block)',
      ).argParser(oneOf('severity', [...severities, 'never'] as const)),
    )
    .option('--fail-on-undecided', 'exit with 1 when a rule could not decide')
    .option('--explain <rule>', 'say what a rule looks for and how to fix it, and check nothing')
    .option(
      '--config <file>',
      'configuration (default: the nearest keyturn.config.json); the file for --policy-pack-config of Pulumi is one',
    )
    .option('--no-config', 'read no configuration')
    .option('--baseline <file>', 'findings that were there before, which do not fail the run')
    .option('--update-baseline', 'write all findings into the baseline')
    .option('--prune-baseline', 'remove from the baseline what is gone')
    .option('--base <ref>', 'report only what is new since a git ref, and how rotation changed')
    .option(
      '--policy-pack <dir>',
      'run another CrossGuard policy pack over each program, too; may be given several times',
      (value) => void policyPacks.push(value),
    )
    .option('--stack <name>', 'stack whose configuration Pulumi programs get')
    .addOption(new Option('--timeout <seconds>', 'how long one program may take (default: 60)').argParser(seconds))
    .addHelpText('after', helpText)
    .action(async (paths: string[], flags: Flags) => {
      finish(await runCheck(paths, flags, destinations, policyPacks, terminal));
    });
}

const helpText = `
What is read, when it is named or below a named folder (not in node_modules, .git, or what git ignores):
  Pulumi.yaml                              programs of the runtimes nodejs (run without an engine) and yaml
  *.yaml, *.yml, *.json                    Kubernetes manifests
  compose.yaml, docker-compose*.yml        variables and build arguments of services
  .env, .env.*, *.env                      variables; in .env.example and the like only issued keys
  *.tmpl, *.template, *.envsubst           what the name without the ending says, else NAME=value
  *.sh, *.bash, *.zsh, *.sql               statements that change a password in place
  .github/workflows/*, .gitlab-ci.yml      those in the scripts of workflows and pipelines
  *.js, *.ts and their kin                 application source
  *.json                                   by name also: pulumi preview --json, pulumi stack export

Exit codes:
  0  nothing found that fails the run
  1  findings
  2  wrong usage or configuration
  3  something could not be analysed, so the report is not the whole truth

Exceptions:
  // keyturn-ignore-next-line <rule> -- <reason> (until YYYY-MM-DD)
  #  keyturn-ignore-next-line <rule> -- <reason>      (in SQL also with --)

Examples:
  keyturn check infra app
  keyturn check --format pretty --format sarif=keyturn.sarif
  keyturn check --preset strict --fail-on medium k8s/*.yaml`;

async function runCheck(
  paths: readonly string[],
  flags: Flags,
  destinations: Destinations,
  policyPacks: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const where = destinations.all();
  // Loading the rules, ESLint and gRPC takes half a second that --help need not wait for.
  const { check, settle } = await import('../check/check.js');
  if (flags.explain !== undefined) {
    const [{ explain }, { allRules }] = await Promise.all([import('./explain.js'), import('../check/rules.js')]);
    terminal.stdout.write(explain(flags.explain, allRules()));
    return 0;
  }

  const options = {
    paths,
    cwd: terminal.cwd,
    ...(flags.preset === undefined ? {} : { preset: flags.preset }),
    ...(flags.config === undefined ? {} : { config: flags.config }),
    ...(flags.baseline === undefined ? {} : { baseline: flags.baseline }),
    ...(policyPacks.length === 0 ? {} : { policyPacks }),
    ...(flags.base === undefined ? {} : { base: flags.base }),
    ...(flags.stack === undefined ? {} : { stack: flags.stack }),
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }),
  };
  const settled = settle(options);
  const writes = flags.updateBaseline === true || flags.pruneBaseline === true;
  const { baseline } = settled;
  if (writes && baseline === undefined) {
    throw new UsageError('There is no baseline to write. Name it with --baseline FILE, or in keyturn.config.json.');
  }
  const progress = progressLine(terminal.stderr);
  let report: Report;
  try {
    report = await check({
      ...options,
      ...(flags.updateBaseline === true ? { baseline: false } : {}),
      onProgress: progress.show,
    });
  } finally {
    progress.clear();
  }

  if (writes && baseline !== undefined) {
    report = await rewriteBaseline(
      baseline,
      path.relative(settled.cwd, baseline),
      report,
      flags.updateBaseline === true,
    );
  }

  const { exitCodeOf } = await import('../check/exit-code.js');
  const prefix = path.relative(settled.repository, settled.cwd).split(path.sep).join('/');
  for (const { format, file } of where) {
    const text = render(format, report, {
      version: version(),
      rules: settled.rules.map(({ facts }) => facts),
      colour: file === undefined && wantsColour(terminal.stdout, terminal.env),
      source: (name) => readIfThere(path.resolve(settled.cwd, name)),
      prefix,
    });
    if (file === undefined) terminal.stdout.write(text);
    else writeReport(file, terminal.cwd, text);
  }
  return exitCodeOf(report, { failOn: flags.failOn ?? settled.failOn, failOnUndecided: flags.failOnUndecided });
}

/** Writes the baseline from a report, and answers the report as it is with the new one. Half a report is never written. */
async function rewriteBaseline(file: string, shown: string, report: Report, all: boolean): Promise<Report> {
  if (report.notAnalysed.some(({ extent }) => extent === 'whole')) return report;
  const { readBaseline, writeBaseline, applyBaseline } = await import('../check/baseline.js');
  const { findings, suppressed = [] } = report;
  const others = suppressed.filter(({ by }) => by !== 'baseline');
  const old = suppressed.filter(({ by }) => by === 'baseline').map(({ finding }) => finding);
  const current = [
    ...findings.filter(({ place, rule }) => !(rule === 'exception-unused' && place.file === shown)),
    ...old,
  ];
  writeBaseline(file, shown, all ? findings : old);
  const result = applyBaseline(current, readBaseline(file, shown), shown, 'off');
  return { ...report, findings: result.findings, suppressed: [...others, ...result.suppressed] };
}

function oneOf<Word extends string>(what: string, words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const word = words.find((each) => each === value);
    if (word === undefined)
      throw new UsageError(`There is no ${what} "${value}".${didYouMean(value, words)} There are ${words.join(', ')}.`);
    return word;
  };
}

function seconds(value: string): number {
  const count = Number(value);
  if (!(count > 0 && count <= 86_400))
    throw new UsageError(`--timeout must be a number of seconds from 1 to 86400, not "${value}".`);
  return count;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
