import { alongSwaps, type SwapsResult } from './pool-swaps.js';
import { type FleetResult, refreshAtOnce } from './pool/fleet.js';
import { measureOverhead, type Overhead } from './pool/overhead.js';
import { startServer } from './pool/server.js';
import { connections, followingPool, handWrittenSwap, passwordFunction } from './pool/subjects.js';
import { type Outcome, underRotation } from './pool/under-rotation.js';

type Peer = { readonly name: string } & (Partial<Outcome> | { readonly notRun: string });

const setting = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`--${name} must be a number, zero or more.`);
  return value;
};
const pairs = setting('pairs', 30);
const roundMillis = setting('round-ms', 600);
const rotations = setting('rotations', 50);
const peerRotations = setting('peer-rotations', 10);
/** Off unless asked for: 10 000 take minutes. */
const swaps = process.argv.includes('--swaps') ? setting('swaps', 10_000) : 0;

/** Off unless asked for: 200 processes take a minute to start, and much memory. */
const processes = process.argv.includes('--processes') ? setting('processes', 200) : 0;

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
    peers.push(await notInstalled('aws-advanced-nodejs-wrapper'));
  }
  const along = swaps > 0 ? await manySwaps() : undefined;
  const fleet = processes > 0 ? await refreshAtOnce(processes) : undefined;
  const results = { overhead, own, peers, along, fleet };
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(json(results))}\n`);
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

async function notInstalled(name: string): Promise<Peer> {
  try {
    await import(name);
    return { name, notRun: 'it is installed, and this benchmark has no run for it' };
  } catch {
    return { name, notRun: 'it is not installed' };
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
