import { randomExponential, randomInt, randomLcg } from 'd3-random';

/** One thing that clients ask of the application: one unit of work in the database, a statement or a transaction. */
export interface Operation {
  readonly name: string;
  /** How often it is asked, relative to the others. */
  readonly weight: number;
  readonly method: 'GET' | 'POST';
  /** `pick(n)` gives a whole number from 0 to n - 1. */
  path(pick: (n: number) => number): string;
  /** Sent as JSON. Default: no body. */
  body?(pick: (n: number) => number): unknown;
  /** Sent along, such as an API key of the application. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A steady stream, and bursts that make pools grow. After a burst the pools are idle for long enough to shrink. */
export interface Load {
  /** Mean number of queries per second between bursts, for all instances together. */
  readonly rate: number;
  readonly burst: {
    /** Start of one of them, in seconds after the start of the load; the others are `everySeconds` before and after it. */
    readonly atSecond: number;
    readonly everySeconds: number;
    readonly lastsSeconds: number;
    /** Volleys per second of a burst. */
    readonly volleysPerSecond: number;
    /** Queries that arrive at the same moment in one volley. */
    readonly volley: number;
  };
  readonly operations: readonly Operation[];
  /** Equal seeds make equal loads. */
  readonly seed: number;
}

/** A request and when it is due, in milliseconds after the start of the load. */
export interface Arrival {
  readonly dueMs: number;
  readonly operation: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * All arrivals in order of time, without an end. They do not wait for answers (an open loop), so that an application that stands
 * still does not make its own load go away.
 */
export function* arrivals(load: Load): Generator<Arrival, never> {
  const source = randomLcg(load.seed);
  const gap = randomExponential.source(source)(load.rate / 1_000);
  const pick = (n: number): number => randomInt.source(source)(n)();
  const volleys = volleyTimes(load);
  const total = load.operations.reduce((sum, operation) => sum + operation.weight, 0);

  let steady = gap();
  let volley = volleys.next().value;
  for (;;) {
    if (steady <= volley) {
      yield arrival(steady);
      steady += gap();
    } else {
      for (let count = 0; count < load.burst.volley; count++) yield arrival(volley);
      volley = volleys.next().value;
    }
  }

  function arrival(dueMs: number): Arrival {
    let left = source() * total;
    const operation = load.operations.find((candidate) => (left -= candidate.weight) < 0) ?? load.operations[0];
    if (!operation) throw new RangeError('A load needs at least one operation.');
    const { name, method, headers } = operation;
    return {
      dueMs,
      operation: name,
      method,
      path: operation.path(pick),
      ...(operation.body ? { body: JSON.stringify(operation.body(pick)) } : {}),
      ...(headers ? { headers } : {}),
    };
  }
}

function* volleyTimes({ burst }: Load): Generator<number, never> {
  const first = burst.atSecond - Math.floor(burst.atSecond / burst.everySeconds) * burst.everySeconds;
  const volleys = Math.max(1, Math.round(burst.lastsSeconds * burst.volleysPerSecond));
  // One that began before the load did may still go on.
  for (let start = first - burst.everySeconds; ; start += burst.everySeconds) {
    for (let count = 0; count < volleys; count++) {
      const second = start + count / burst.volleysPerSecond;
      if (second >= 0) yield second * 1_000;
    }
  }
}
