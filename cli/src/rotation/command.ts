import path from 'node:path';

import { printable } from '@keyturn/findings';
import type { RotationEvent, Tell } from '@keyturn/rotation';
import { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import { findRotationConfig, loadRotationConfig, type RotationConfig } from './config.js';

/** What every command about pairs takes. */
export interface Flags {
  readonly config?: string;
  readonly json?: true;
}

export const exitCodes = `
Exit codes:
  0  done, and nothing to say
  1  blocked or waiting, or something was found
  2  wrong usage or configuration
  3  it could not be done: the database or the store did not answer, or refused`;

/** A command with `--config` and `--json`. `finish` gets the exit code. */
export function pairCommand<More extends object>(
  name: string,
  description: string,
  help: string,
  run: (pair: string | undefined, flags: Flags & More) => Promise<number>,
  finish: (code: number) => void,
): Command {
  return new Command(name)
    .description(description)
    .argument('[pair]', 'name of the pair in the configuration; needed where there are several')
    .option('--config <file>', 'the configuration (default: keyturn.rotation.yaml here or above)')
    .option('--json', 'print one JSON document and nothing else on the standard output')
    .addHelpText('after', `${exitCodes}\n${help}`)
    .action(async (pair: string | undefined, flags: Flags & More) => {
      finish(await run(pair, flags));
    });
}

/** @throws UsageError when there is none, or it is wrong. */
export function configOf(flags: Flags, { cwd }: Terminal): RotationConfig {
  const file = flags.config === undefined ? findRotationConfig(cwd) : path.resolve(cwd, flags.config);
  return loadRotationConfig(file, flags.config ?? path.relative(cwd, file));
}

/** Errors by which a configuration is wrong, and those by which a server could not do what was asked. */
const wrong: ReadonlySet<string> = new Set([
  'PlanError',
  'DurationError',
  'NameError',
  'RotatorError',
  'PasswordLengthError',
  'PermissionsError',
]);
const unable: ReadonlySet<string> = new Set([
  'DatabaseError',
  'StoreError',
  'StoreConflictError',
  'BootstrapError',
  'AdoptError',
  'NotBootstrappedError',
  'FencedError',
  'HeldError',
  'VerifierError',
]);

/**
 * Runs a command's work; what goes wrong becomes a sentence on `stderr`, a JSON document where one was asked for, and an exit code. A
 * signal ends it at once: every step can be resumed, so there is nothing to wait for.
 */
export async function guarded(
  pair: string,
  flags: Flags,
  terminal: Terminal,
  work: () => Promise<number>,
  after = `Run "keyturn status ${pair}" to see where it stands, and "keyturn resume ${pair}" to finish what was begun.`,
): Promise<number> {
  const interruption = listen();
  try {
    const result = await Promise.race([work(), interruption.signalled]);
    if (typeof result === 'number') return result;
    terminal.stderr.write(`Stopped by ${result.signal}. ${after}\n`);
    return result.signal === 'SIGINT' ? 130 : 143;
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    if (wrong.has(error.name)) throw new UsageError(error.message, { cause: error });
    if (!unable.has(error.name)) throw error;
    const because = error.name === 'NotBootstrappedError' ? notBootstrapped(pair) : error.message;
    if (flags.json === true) writeJson(terminal, { pair, outcome: 'failed', because });
    terminal.stderr.write(`error: ${printable(because)}\n`);
    return 3;
  } finally {
    interruption.stop();
  }
}

function notBootstrapped(pair: string): string {
  return (
    `The database does not know the pair "${pair}". ` +
    `Run "keyturn bootstrap ${pair}", or "keyturn adopt ${pair}" where applications use a login there already.`
  );
}

function listen(): {
  readonly signalled: Promise<{ readonly signal: NodeJS.Signals }>;
  stop(): void;
} {
  let settle: (value: { signal: NodeJS.Signals }) => void = () => undefined;
  const signalled = new Promise<{ signal: NodeJS.Signals }>((resolve) => (settle = resolve));
  const onSignal = (signal: NodeJS.Signals): void => settle({ signal });
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return {
    signalled,
    stop: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}

export function writeJson({ stdout }: Terminal, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

/** One line on `stderr` for each step that is done. */
export function progress({ stderr }: Terminal): Tell {
  return (event: RotationEvent) => {
    if (event.type === 'step' && event.phase === 'done') stderr.write(`  ${event.step} done\n`);
    if (event.type === 'retire' && event.phase !== 'waiting') stderr.write(`  ${event.user}: ${phases[event.phase]}\n`);
  };
}

const phases = {
  nologin: 'switched off',
  soak: 'soaks',
  retired: 'its password is gone',
  undone: 'switched on again',
} as const;
