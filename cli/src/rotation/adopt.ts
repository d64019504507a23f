import { printable } from '@keyturn/findings';
import type { Existing, StoredCredential, TakeOver } from '@keyturn/rotation';
import type { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import { configOf, type Flags, guarded, pairCommand, writeJson } from './command.js';
import { onlyPair, openPair, type OpenPair } from './open.js';
import { readSecret } from './secret.js';

interface AdoptFlags extends Flags {
  readonly apply?: true;
  readonly undo?: true;
  readonly reason: string;
  readonly user?: string;
  readonly passwordEnv?: string;
  readonly passwordFile?: string;
}

/** `keyturn adopt`. */
export function adoptCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand<AdoptFlags>(
    'adopt',
    'Take over users that applications use already, without changing a password; or settle on one credential after a restore',
    `
Without --apply it only says what it would do, with the SQL.

A pair that the journal does not know is taken over as it is: the credential that the store publishes becomes the published one. The
other user is made when it is missing, and both users end up with the same rights. On PostgreSQL ownership and rights move to the shared
role, in one transaction; on MySQL and MariaDB each user gets what the other has, statement by statement. This is also the way from the AWS multi-user rotation (users: [app, app_clone]).

A pair that the journal knows, and whose store says something else, was restored from a backup on one side. It settles on the
credential that logs in.

Examples:
  keyturn adopt orders
  keyturn adopt orders --apply
  keyturn adopt orders --user orders --password-env OLD_PASSWORD --apply    # where the store is empty
  keyturn adopt orders --undo --apply`,
    (name, flags) => adopt(name, flags, terminal),
    finish,
  )
    .option('--dry-run', 'say what it would do (the default)')
    .option('--apply', 'do it')
    .option('--undo', 'take a take-over back, as long as nothing was rotated since')
    .option('--user <name>', 'the user that applications use, where the store is empty')
    .option('--password-env <name>', 'environment variable that holds its password')
    .option('--password-file <file>', 'file that holds its password')
    .option('--reason <text>', 'recorded in the journal when it settles after a restore', 'adopted by hand');
}

async function adopt(given: string | undefined, flags: AdoptFlags, terminal: Terminal): Promise<number> {
  const config = configOf(flags, terminal);
  const name = onlyPair(config, given);
  return await guarded(
    name,
    flags,
    terminal,
    async () => {
      const open = await openPair(config, name, { env: terminal.env });
      if (flags.undo === true) return await undo(open, flags, terminal);
      if (await isKnown(open)) return await settle(open, flags, terminal);
      return await takeOver(open, flags, terminal);
    },
    'It changes all or nothing; run it again.',
  );
}

async function isKnown({ rotator }: OpenPair): Promise<boolean> {
  try {
    await rotator.status();
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'NotBootstrappedError') return false;
    throw error;
  }
}

async function settle({ name, rotator }: OpenPair, flags: AdoptFlags, terminal: Terminal): Promise<number> {
  const apply = flags.apply === true;
  const result = await rotator.settle({ reason: flags.reason, apply });
  if (flags.json === true) writeJson(terminal, { pair: name, applied: apply, ...result });
  if (result.outcome === 'nothing') {
    if (flags.json !== true) terminal.stdout.write(`${name}: store and journal agree; there is nothing to adopt.\n`);
    return 0;
  }
  if (result.outcome !== 'settled') {
    if (flags.json !== true) terminal.stdout.write(`${name}: ${result.outcome}. ${result.because}\n`);
    return 1;
  }
  const { kept, published, works } = result;
  const does =
    kept === 'store'
      ? 'the journal takes over what the store publishes'
      : 'the store publishes again what the journal says';
  const next = works
    ? `It logs in everywhere.`
    : `No version logs in everywhere: then run "keyturn rotate ${name} --force --reason TEXT", which publishes a new one.`;
  const lines = [
    `${name}: ${apply ? '' : 'it would settle so: '}${does}: ${published.user}, generation ${published.generation}. ${next}`,
    ...(apply ? [] : ['Nothing was changed. Add --apply to do it.']),
  ];
  if (flags.json !== true) terminal.stdout.write(`${lines.join('\n')}\n`);
  return works ? 0 : 1;
}

async function takeOver(open: OpenPair, flags: AdoptFlags, terminal: Terminal): Promise<number> {
  const { name, database, pair, store } = open;
  if (database.takeOver === undefined)
    throw new UsageError(
      `A database of kind "${open.config.database.kind}" cannot take users over. Run "keyturn bootstrap ${name}".`,
    );
  const published = (await store.readPublished()) ?? (await imported(open, flags, terminal));
  if (!pair.users.includes(published.user)) {
    throw new UsageError(
      `${published.user} is in use, and the configuration says ${pair.users.join(' and ')}. Put it among "users".`,
    );
  }
  await mustLogIn(open, published);
  const previous = await previousOf(open, published);
  const existing: Existing = {
    published: { user: published.user, version: published.version, generation: published.generation },
    ...(previous !== undefined && { previous }),
  };
  const plan = await database.takeOver(existing, flags.apply === true);
  if (flags.json === true)
    writeJson(terminal, {
      pair: name,
      outcome: 'taken-over',
      applied: flags.apply === true,
      published: existing.published,
      ...plan,
    });
  else
    terminal.stdout.write(
      `${describe(name, published.user, plan, flags.apply === true)
        .map(printable)
        .join('\n')}\n`,
    );
  return 0;
}

/** A store without a version gets the credential that is in use; what applications read says the same as before. */
async function imported({ name, store }: OpenPair, flags: AdoptFlags, terminal: Terminal): Promise<StoredCredential> {
  const { user, passwordEnv, passwordFile } = flags;
  const reference =
    passwordEnv !== undefined ? { env: passwordEnv } : passwordFile !== undefined ? { file: passwordFile } : undefined;
  if (user === undefined || reference === undefined) {
    throw new UsageError(
      `${store.name} publishes nothing. Say which credential applications use: --user NAME with --password-env NAME or --password-file FILE. Where there is none, run "keyturn bootstrap ${name}".`,
    );
  }
  const password = readSecret(`The password of ${user}`, reference, { folder: terminal.cwd, env: terminal.env });
  const credential = { user, password, generation: 0 };
  if (flags.apply !== true) return { ...credential, version: '<version of the import>', stage: 'current' };
  const { randomUUID } = await import('node:crypto');
  const version = await store.writePending(credential, { token: randomUUID() });
  await store.publish(version, { expectedCurrent: undefined });
  return { ...credential, version, stage: 'current' };
}

async function mustLogIn({ database }: OpenPair, { user, password, generation }: StoredCredential): Promise<void> {
  const session = await database.open();
  try {
    await session.login({ user, password, generation });
  } finally {
    await session.close();
  }
}

async function previousOf(
  { store, pair }: OpenPair,
  published: StoredCredential,
): Promise<Existing['previous'] | undefined> {
  const other = pair.users.find((user) => user !== published.user);
  for (const { version, stage } of (await store.versions?.()) ?? []) {
    if (stage !== 'previous') continue;
    const found = await store.readVersion(version);
    if (found?.user === other && found !== undefined)
      return { user: found.user, version, generation: found.generation };
  }
  return undefined;
}

async function undo({ name, database }: OpenPair, flags: AdoptFlags, terminal: Terminal): Promise<number> {
  if (database.undoTakeOver === undefined) throw new UsageError('This kind of database takes no users over.');
  const applied = flags.apply === true;
  const statements = await database.undoTakeOver(applied);
  if (flags.json === true) {
    writeJson(terminal, { pair: name, outcome: 'taken-back', applied, statements });
    return 0;
  }
  const lines = [
    `${name}: ${applied ? 'taken back' : 'this would take it back'}:`,
    ...statements.map((statement) => `  ${statement};`),
    ...(applied ? [] : ['Nothing was changed. Add --apply to do it.']),
  ];
  terminal.stdout.write(`${lines.map(printable).join('\n')}\n`);
  return 0;
}

function describe(
  name: string,
  user: string,
  { statements, atomic, undo: back, warnings }: TakeOver,
  applied: boolean,
): string[] {
  return [
    `${name}: ${user} ${applied ? 'is taken over' : 'would be taken over'} as it is; no password changes. ${atomic ? 'In one transaction:' : 'One by one, and the pair is known when all are done:'}`,
    ...statements.map((statement) => `  ${statement};`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    'What takes it back, until the first rotation ("keyturn adopt --undo"):',
    ...back.map((statement) => `  ${statement};`),
    applied
      ? `Both users can do the same now. Run "keyturn rotate ${name}" when you want to.`
      : 'Nothing was changed. Add --apply to do it.',
  ];
}
