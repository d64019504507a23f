import { printable } from '@keyturn/findings';
import { Command, CommanderError } from 'commander';

import { checkCommand } from './command/check.js';
import { initCommand } from './command/init.js';
import type { Terminal } from './command/terminal.js';
import { UsageError } from './errors.js';
import { rehearseCommand } from './rehearse/rehearse.js';
import { rotationCommands } from './rotation/index.js';
import { version } from './version.js';

/** Runs the command line and answers its exit code. Nothing is thrown; every message goes to `stderr`. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const program = new Command('keyturn')
    .description('Credential rotation without surprises')
    .version(version(), '-V, --version')
    .addCommand(checkCommand(terminal, (result) => (code = result)))
    .addCommand(initCommand(terminal, (result) => (code = result)))
    .addCommand(rehearseCommand(terminal, (result) => (code = result)));
  for (const command of rotationCommands(terminal, (result) => (code = result))) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showHelpAfterError('(--help says what there is)')
      .configureOutput({
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => terminal.stderr.write(text),
        outputError: (text, write) => write(text.split('\n').map(printable).join('\n')),
      });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      terminal.stderr.write(`error: ${error.message.split('\n').map(printable).join('\n')}\n`);
      return 2;
    }
    // A crash is no verdict about the program that was checked, so it shares the code of "could not analyse".
    terminal.stderr.write(
      `error: keyturn itself failed: ${printable(error instanceof Error ? error.message : String(error))}\n`,
    );
    if (terminal.env['KEYTURN_DEBUG'] === '1' && error instanceof Error)
      terminal.stderr.write(`${error.stack ?? ''}\n`);
    return 3;
  }
}
