import { printable } from '@keyturn/findings';
import type { Diagnosis, EndpointLogin, VersionReport } from '@keyturn/rotation';
import type { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { configOf, type Flags, guarded, pairCommand, writeJson } from './command.js';
import { openPair } from './open.js';
import { describeHolder, table } from './say.js';

/** `keyturn doctor`. */
export function doctorCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return pairCommand(
    'doctor',
    'Try every stored version on every endpoint, compare store, journal and database, and say what to do',
    `
It changes nothing. A version that does not log in costs one refused login per endpoint.`,
    (name, flags) => doctor(name, flags, terminal),
    finish,
  );
}

async function doctor(given: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const config = configOf(flags, terminal);
  const names = given === undefined ? [...config.pairs.keys()] : [given];
  let code = 0;
  for (const name of names) {
    const one = await guarded(name, flags, terminal, async () => {
      const { rotator } = await openPair(config, name, { env: terminal.env });
      const diagnosis = await rotator.diagnose();
      if (flags.json === true) writeJson(terminal, diagnosis);
      else terminal.stdout.write(`${describe(diagnosis).map(printable).join('\n')}\n`);
      return diagnosis.problems.length > 0 ? 1 : 0;
    });
    code = Math.max(code, one);
  }
  return code;
}

function describe({ pair, versions, problems, holders, state }: Diagnosis): string[] {
  return [
    `${pair}: ${problems.length === 0 ? 'store, journal and database agree' : `${problems.length} found`}`,
    ...table([['version', 'journal', 'store', 'user', 'generation', 'logs in'], ...versions.map(rowOf)]),
    ...problems.flatMap(({ severity, id, says, advice }) => [`  ${severity}: ${says} [${id}]`, `    ${advice}`]),
    ...holders.map((holder) => `    ${describeHolder(holder, state.now)}`),
  ];
}

function rowOf({ version, part, stored, logins }: VersionReport): string[] {
  if (stored === undefined) return [version, part, 'gone', '', '', ''];
  return [version, part, stored.stage, stored.user, String(stored.generation), logins.map(loginText).join(', ')];
}

function loginText({ endpoint, works, kind }: EndpointLogin): string {
  return works ? endpoint : `not ${endpoint} (${kind ?? 'other'})`;
}
