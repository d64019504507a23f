import { parseArgs } from 'node:util';

import { endure } from './endurance/endure.js';
import { type Endured, problemsOf } from './endurance/verdict.js';

const help = `Rotates one pair of users again and again without a pause, each time until the superseded user is retired, while applications read and write
through @keyturn/pool on a real PostgreSQL. The declared lifetimes are milliseconds.

npm run --silent bench:endurance -- [options]

  --rotations <n>    rotations that count, 1 to 100000. Default: 1000
  --connections <n>  connections of the pool, and workers that query, 2 to 64. Default: 8
  --json             one line of JSON: rotations, queries, failed, heapMbFirst, heapMbLast, rolesFirst, rolesLast, sessionsFirst, sessionsLast,
                     msPerRotation, journalRowsPerRotation, journalKbPerRotation and more. First and Last are medians over the first and the
                     last tenth of the rotations; the heap is measured after a garbage collection
  --help

Exit codes: 0 no query failed, and heap (within a tenth), roles and sessions stayed flat; 1 not so; 2 wrong usage; 3 a rotation could not go on.`;

class UsageError extends Error {}

function optionsOf(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const options = {
    rotations: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '8' },
    json: flag,
    help: flag,
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    return {
      ...values,
      rotations: wholeNumber('rotations', values.rotations, 1, 100_000),
      connections: wholeNumber('connections', values.connections, 2, 64),
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${option} must be a whole number from ${least} to ${most}, got "${text}".`);
}

function table(endured: Endured): string {
  return [
    `${endured.rotations} rotations in ${endured.seconds} s, ${endured.msPerRotation} ms each (first tenth ${endured.msPerRotationFirst}, last tenth ${endured.msPerRotationLast})`,
    `${endured.queries} queries, ${endured.failed} failed; ${endured.refusedLogins} refused logins that no query saw`,
    '',
    '              first tenth   last tenth',
    ...(
      [
        ['heap, MB', endured.heapMbFirst, endured.heapMbLast],
        ['roles', endured.rolesFirst, endured.rolesLast],
        ['sessions', endured.sessionsFirst, endured.sessionsLast],
      ] as const
    ).map(([name, first, last]) => name.padEnd(14) + String(first).padStart(11) + String(last).padStart(13)),
    '',
    `The journal grows by ${endured.journalRowsPerRotation} lines and ${endured.journalKbPerRotation} kB per rotation.`,
  ].join('\n');
}

async function main(args: readonly string[]): Promise<number> {
  const { rotations, connections, json, help: wanted } = optionsOf(args);
  if (wanted) {
    console.log(help);
    return 0;
  }
  const endured = await endure({
    rotations,
    connections,
    warmUp: 20,
    onRotation: (done) => {
      if (done % 100 === 0) process.stderr.write(`${done} of ${rotations}\n`);
    },
  });
  const problems = problemsOf(endured);
  console.log(json ? JSON.stringify(endured) : table(endured));
  for (const problem of problems) console.error(problem);
  return problems.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? `${error.message} See --help.` : error);
    process.exitCode = error instanceof UsageError ? 2 : 3;
  },
);
