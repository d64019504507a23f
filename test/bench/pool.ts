import { parseArgs } from 'node:util';

import { alongSwaps, type SwapsResult } from './pool-swaps.js';
import { type FleetResult, refreshAtOnce } from './pool/fleet.js';
import { measureOverhead, type Overhead } from './pool/overhead.js';
import { startServer } from './pool/server.js';
import { connections, followingPool, handWrittenSwap, passwordFunction } from './pool/subjects.js';
import { type Outcome, underRotation } from './pool/under-rotation.js';
import { wrapper, wrapperName } from './pool/wrapper.js';

type Peer = { readonly name: string } & (Partial<Outcome> | { readonly notRun: string });

const help = `npm run --silent bench:pool -- [options]

What @keyturn/pool costs against bare pg, and what a query notices of a rotation, beside other ways to follow one, on a real PostgreSQL.

  --pairs N            interleaved pairs of rounds, ours and bare pg's. Default: 30; 0 leaves them out
  --round-ms N         how long a round is. Default: 600
  --rotations N        rotations under load of @keyturn/pool. Default: 50; 0 leaves them out
  --peer-rotations N   rotations under load of each other way. Default: 10; 0 leaves them out
  --wrapper DIR        the folder where aws-advanced-nodejs-wrapper is installed. Default: this one
  --swaps N            swaps after each other, and what heap and handles they leave. Default: 0
  --processes N        processes whose credential stops working at once. Default: 0; each takes memory
  --json               one line of JSON
  --help

Exit codes: 0 done, 2 wrong usage.`;

const values = flags();
if (values.help) {
  console.log(help);
  process.exit(0);
}
const { pairs, 'round-ms': roundMillis, rotations, 'peer-rotations': peerRotations, swaps, processes } = values;

const server = await startServer();
try {
  const overhead = pairs > 0 ? await measureOverhead(server, pairs, roundMillis) : undefined;
  const own = rotations > 0 ? await underRotation(server, followingPool(server), rotations) : undefined;
  const peers: Peer[] = [];
  if (peerRotations > 0) {
    for (const subject of [
      () => followingPool(server, '@keyturn/pool, replaceWithinMillis: 0', { replaceWithinMillis: 0 }),
      () => passwordFunction(server),
      () => handWrittenSwap(server),
    ]) {
      const peer = subject();
      peers.push({ name: peer.name, ...(await underRotation(server, peer, peerRotations)) });
    }
    const aws = await wrapper(server, values.wrapper);
    peers.push(
      aws
        ? { name: aws.name, ...(await underRotation(server, aws, peerRotations)) }
        : { name: wrapperName, notRun: 'it is not installed; say with --wrapper where it is' },
    );
  }
  const along = swaps > 0 ? await manySwaps() : undefined;
  const fleet = processes > 0 ? await refreshAtOnce(processes) : undefined;
  const results = { overhead, own, peers, along, fleet };
  if (values.json) process.stdout.write(`${JSON.stringify(json(results))}\n`);
  else process.stdout.write(`${table(results).join('\n')}\n`);
} finally {
  await server.stop();
}

interface Results {
  readonly overhead: Overhead | undefined;
  readonly own: Outcome | undefined;
  readonly peers: readonly Peer[];
  readonly along: SwapsResult | undefined;
  readonly fleet: FleetResult | undefined;
}

/** Each swap with a query on every side of it, so that connections are opened and closed. */
async function manySwaps(): Promise<SwapsResult> {
  const subject = followingPool(server, '@keyturn/pool', { replaceWithinMillis: 10 });
  const result = await alongSwaps(swaps, async () => {
    await Promise.all([subject.db.query('SELECT 1'), subject.db.query('SELECT 1')]);
    await subject.published(await server.advance());
  });
  await subject.end();
  return result;
}

function flags() {
  const number = { pairs: 30, 'round-ms': 600, rotations: 50, 'peer-rotations': 10, swaps: 0, processes: 0 };
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({
      options: {
        pairs: text,
        'round-ms': text,
        rotations: text,
        'peer-rotations': text,
        swaps: text,
        processes: text,
        wrapper: { ...text, default: '.' },
        json: flag,
        help: flag,
      },
    });
    const given = Object.entries(number).map(([name, fallback]) => {
      const written = values[name as keyof typeof number];
      if (written !== undefined && !/^\d+$/.test(written))
        throw new RangeError(`--${name} must be a whole number, zero or more, got "${written}".`);
      return [name, written === undefined ? fallback : Number(written)];
    });
    return { ...values, ...(Object.fromEntries(given) as typeof number) };
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

function json({ overhead, own, peers, along, fleet }: Results): object {
  return {
    ...(overhead && {
      overhead: {
        qpsRatio: overhead.qps.median,
        qpsRatioLow: overhead.qps.low,
        qpsRatioHigh: overhead.qps.high,
        p99Ratio: overhead.p99.median,
        cpuRatio: overhead.cpu.median,
        cpuRatioLow: overhead.cpu.low,
        cpuRatioHigh: overhead.cpu.high,
        pairs: overhead.pairs,
      },
    }),
    ...(own && { rotation: { connections, ...own } }),
    peers,
    ...(along && { swaps: along }),
    ...(fleet && { fleet }),
  };
}

function table({ overhead, own, peers, along, fleet }: Results): string[] {
  const line = (peer: Peer): string =>
    'notRun' in peer
      ? `${peer.name.padEnd(40)} NOT RUN: ${peer.notRun}`
      : [
          peer.name.padEnd(40),
          ...[peer.rotations, peer.queries, peer.failed].map((value) => String(value).padStart(10)),
          ...[peer.p99Ratio, peer.p99, peer.steadyP99, peer.longest].map((value = Number.NaN) =>
            value.toFixed(2).padStart(10),
          ),
        ].join('');
  const lines: string[] = [];
  if (overhead) {
    const between = ({ median, low, high }: Overhead['qps']): string =>
      `${median.toFixed(3)} (95 % interval ${low.toFixed(3)} to ${high.toFixed(3)})`;
    lines.push(
      `Against bare pg, ${overhead.pairs} interleaved pairs: queries per second ${between(overhead.qps)}; processor time per query ${between(overhead.cpu)}; p99 ${between(overhead.p99)}`,
      '',
    );
  }
  lines.push(
    `${'Under rotation, milliseconds'.padEnd(40)} rotations   queries    failed p99/steady       p99    steady   longest`,
    ...(own ? [line({ name: '@keyturn/pool', ...own })] : []),
    ...peers.map(line),
  );
  if (own) lines.push('', `@keyturn/pool: ${own.qps.toFixed(0)} queries/s with ${connections} connections.`);
  if (along) {
    lines.push(
      '',
      `Along ${along.swaps} swaps, from the first tenth to the end: heap ${along.heapMegabytes.afterTenth.toFixed(1)} to ${along.heapMegabytes.atEnd.toFixed(1)} MB${along.collected ? '' : ' (not collected: start with --expose-gc)'}, handles ${along.handles.afterTenth} to ${along.handles.atEnd}`,
    );
  }
  if (fleet) {
    lines.push(
      '',
      `${fleet.processes} processes whose credential stopped working at once: ${fleet.failed} of ${fleet.queries} queries failed, ${fleet.requestsToRefresh} requests to the store, ${fleet.refusedLogins} refused logins, ${fleet.onNewCredential} on the new credential`,
    );
  }
  return lines;
}
