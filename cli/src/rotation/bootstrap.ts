import type { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { configOf, type Flags, guarded, pairCommand, writeJson } from './command.js';
import { onlyPair, openPair } from './open.js';

interface BootstrapFlags extends Flags {
  readonly dryRun?: true;
}

/** `keyturn bootstrap`. */
export function bootstrapCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<BootstrapFlags>(
    'bootstrap',
    'Make the shared role, both users and the journal where they are missing; nobody can log in yet, nothing is published',
    `
It never switches a user on and gives no password. Where applications use a login already, run "keyturn adopt" instead.`,
    (name, flags) => bootstrap(name, flags, terminal),
    finish,
  ).option('--dry-run', 'print the SQL; nothing is changed');
}

async function bootstrap(given: string | undefined, flags: BootstrapFlags, terminal: Terminal): Promise<number> {
  const config = configOf(flags, terminal);
  const name = onlyPair(config, given);
  return await guarded(name, flags, terminal, async () => {
    const { database, store, rotator } = await openPair(config, name, { env: terminal.env });
    const statements = await database.bootstrapStatements?.({ loginsFromStore: store.rekey !== undefined });
    if (flags.dryRun !== true) await rotator.bootstrap();
    const outcome = flags.dryRun === true ? 'dry-run' : statements?.length === 0 ? 'nothing' : 'bootstrapped';
    if (flags.json === true) {
      writeJson(terminal, { pair: name, outcome, statements });
      return 0;
    }
    const lines = {
      'dry-run': [
        `${name}: bootstrap would run this in one transaction. Nothing was changed.`,
        ...(statements ?? ['This kind of database does not tell its statements.']).map(
          (statement) => `  ${statement};`,
        ),
      ],
      nothing: [`${name}: all of it is there already.`],
      bootstrapped: [
        `${name}: roles and journal are there, and nobody can log in yet. Run "keyturn rotate ${name}" to publish the first credential.`,
      ],
    } as const;
    terminal.stdout.write(`${lines[outcome].join('\n')}\n`);
    return 0;
  });
}
