import type { Forced, Outlook, PlannedStep, Run } from '@keyturn/rotation';
import type { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import { configOf, type Flags, guarded, pairCommand, progress, writeJson } from './command.js';
import { evidenceFrom } from './evidence.js';
import { onlyPair, openPair, type OpenPair } from './open.js';
import { describeHolder, describeResult, exitCodeOf, shownTime } from './say.js';

interface RunFlags extends Flags {
  readonly force?: true;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly evidence?: string;
}

interface RotateFlags extends RunFlags {
  readonly compromised?: true;
}

const forceHelp = 'pass the gate: credentials that are still held stop working; needs --reason';
const evidenceHelp = 'JSON file that says which consumers run, and since when (for start-bound consumers)';

/** `keyturn rotate`. */
export function rotateCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<RotateFlags>(
    'rotate',
    'Publish a new credential: re-key the idle user, test it, publish it. The one before stays usable.',
    `
Examples:
  keyturn rotate orders --dry-run
  keyturn rotate orders
  keyturn rotate orders --compromised --reason "in a log file"`,
    (name, flags) => rotate(name, flags, terminal),
    finish,
  )
    .option('--dry-run', 'print the steps and their SQL, secrets masked; nothing is changed')
    .option('--force', forceHelp)
    .option(
      '--compromised',
      'somebody has seen the published credential: publish a new one, and take the old one from everybody at once; needs --reason',
    )
    .option('--reason <text>', 'recorded in the journal')
    .option('--evidence <file>', evidenceHelp);
}

/** `keyturn retire`. */
export function retireCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<RunFlags>(
    'retire',
    'Switch the superseded user off once nobody can hold its credential, and take its password away after the soak',
    `
The first run switches the user off; a run after the soak takes the password away. A session that is still there, or a login
that was refused meanwhile, switches it on again.`,
    (name, flags) =>
      run(name, flags, terminal, 'retire', ({ rotator }, forced) => rotator.retire(forced && { force: forced })),
    finish,
  )
    .option('--dry-run', 'print the steps and their SQL; nothing is changed')
    .option('--force', 'pass gate and soak; needs --reason')
    .option('--reason <text>', 'recorded in the journal')
    .option('--evidence <file>', evidenceHelp);
}

/** `keyturn resume`. */
export function resumeCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<RunFlags>(
    'resume',
    'Finish what an earlier run began; nothing when there is no such thing',
    '',
    (name, flags) => run(name, flags, terminal, 'advance', ({ rotator }) => rotator.resume()),
    finish,
  ).option('--evidence <file>', evidenceHelp);
}

/** `keyturn rollback`. */
export function rollbackCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<RunFlags>(
    'rollback',
    'Publish the credential before once more, as a new generation, while it is not retired',
    '',
    (name, flags) =>
      run(name, flags, terminal, 'advance', ({ rotator }) =>
        rotator.rollback({ reason: reasonOf('rollback', flags.reason) }),
      ),
    finish,
  ).option('--reason <text>', 'recorded in the journal (needed)');
}

async function rotate(name: string | undefined, flags: RotateFlags, terminal: Terminal): Promise<number> {
  if (flags.compromised === true && flags.force === true)
    throw new UsageError('--compromised passes every gate already. Leave --force out.');
  if (flags.compromised === true) {
    const reason = reasonOf('--compromised', flags.reason);
    return await run(name, { ...flags, reason }, terminal, 'compromised', ({ rotator }) =>
      rotator.compromised({ reason }),
    );
  }
  return await run(name, flags, terminal, 'advance', async ({ rotator }, forced) => {
    const { unfinished } = await rotator.outlook();
    if (unfinished === 'compromised') return await rotator.resume();
    return await rotator.advance(forced && { force: forced });
  });
}

async function run(
  given: string | undefined,
  flags: RunFlags,
  terminal: Terminal,
  what: Run,
  work: (open: OpenPair, forced: Forced | undefined) => Promise<Parameters<typeof describeResult>[1]>,
): Promise<number> {
  const forced = flags.force === true ? { reason: reasonOf('--force', flags.reason) } : undefined;
  const config = configOf(flags, terminal);
  const name = onlyPair(config, given);
  return await guarded(name, flags, terminal, async () => {
    const evidence = await evidenceFrom(flags.evidence, terminal);
    const open = await openPair(config, name, { env: terminal.env, evidence, onEvent: progress(terminal) });
    if (flags.dryRun === true) return await dryRun(open, what, forced, flags, terminal);
    const result = await work(open, forced);
    if (flags.json === true) writeJson(terminal, { pair: name, ...result });
    else terminal.stdout.write(`${describeResult(name, result)}\n`);
    return exitCodeOf(result);
  });
}

function reasonOf(what: string, reason: string | undefined): string {
  const text = (reason ?? '').trim();
  if (text === '') throw new UsageError(`${what} needs --reason TEXT; it is recorded in the journal.`);
  return text;
}

async function dryRun(
  { name, rotator }: OpenPair,
  what: Run,
  forced: Forced | undefined,
  flags: Flags,
  terminal: Terminal,
): Promise<number> {
  const outlook = await rotator.outlook();
  const how = what === 'compromised' ? { reason: `compromised: ${'<reason>'}` } : forced;
  const steps = await rotator.planned(what, how && { force: how });
  const passes = what === 'compromised' || forced !== undefined;
  const blocked = outlook.blocked?.outcome === 'refused' || !passes ? outlook.blocked : undefined;
  if (flags.json === true) {
    writeJson(terminal, { pair: name, outcome: 'dry-run', ...outlook, blocked, steps });
  } else {
    terminal.stdout.write(`${describeDryRun(name, what, outlook, blocked, steps)}\n`);
  }
  return blocked === undefined ? 0 : 1;
}

function describeDryRun(
  name: string,
  what: Run,
  outlook: Outlook,
  blocked: Outlook['blocked'],
  steps: readonly PlannedStep[],
): string {
  const now = Date.now();
  const title =
    what === 'retire'
      ? `${name}: a retire would take these steps. Nothing was changed.`
      : `${name}: generation ${outlook.generation} would be published as ${outlook.user}. Nothing was changed.`;
  return [
    title,
    ...(blocked === undefined ? [] : [`It would not begin now: ${blocked.outcome}. ${blocked.because}`]),
    ...(blocked?.holders ?? []).map((holder) => `  held by: ${describeHolder(holder, now)}`),
    ...(blocked?.until === undefined ? [] : [`  not before ${shownTime(blocked.until.getTime())}`]),
    ...(steps.length === 0 ? ['There is nothing to do.'] : []),
    ...steps.flatMap(({ step, does, statements }) => [
      `  ${step}: ${does}`,
      ...(statements ?? []).map((statement) => `      ${statement};`),
    ]),
  ].join('\n');
}
