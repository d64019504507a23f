import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  /** Length of each of the two phases under load; a phase goes on until its rotations are done. */
  readonly seconds: number;
  readonly instances: number;
  /** Queries per second between bursts, for all instances together. */
  readonly rate: number;
  readonly report: string;
  /** Where the timeline goes as a picture of its own. */
  readonly plot?: string;
  readonly json: boolean;
  /** What stands between the applications and the server. Default: nothing. */
  readonly pooler?: 'pgbouncer';
}

/** The command line cannot be followed; the message is one sentence for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `Usage: npm run demo -- [options]

The quarterly rotation as an incident, then the same load with keyturn, then keyturn check on both.

  --seconds N     seconds of load in each phase, 4 to 600 (default 20)
  --instances N   instances of the application, 1 to 16 (default 4)
  --rate N        queries per second between bursts, all instances together, 1 to 2000 (default 40)
  --report FILE   where the report goes (default report.html)
  --plot FILE     also write the timeline as an SVG picture
  --pooler NAME   pgbouncer: every application logs in through a real PgBouncer
  --json          print one JSON object and nothing else; progress goes to standard error
  --help          print this text

Exit code: 0 when no query failed with keyturn and the check finds nothing afterwards, 1 when not, 2 for a wrong option.
`;

/**
 * Reads the command line; `undefined` when help was asked for.
 *
 * @throws UsageError for an unknown option or a value out of bounds.
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  return {
    seconds: number('--seconds', values.seconds, 4, 600),
    instances: number('--instances', values.instances, 1, 16),
    rate: number('--rate', values.rate, 1, 2_000),
    report: file('--report', values.report),
    ...(values.plot === undefined ? {} : { plot: file('--plot', values.plot) }),
    json: values.json,
    ...(values.pooler === undefined ? {} : { pooler: poolerNamed(values.pooler) }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '20' },
        instances: { type: 'string', default: '4' },
        rate: { type: 'string', default: '40' },
        report: { type: 'string', default: 'report.html' },
        plot: { type: 'string' },
        pooler: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    const [sentence = 'The options cannot be read'] = (cause as Error).message.split('. ');
    throw new UsageError(`${sentence.replace(/\.$/, '')}. Use --help to see the options.`, { cause });
  }
}

function number(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}, got "${text}".`);
}

function poolerNamed(text: string): 'pgbouncer' {
  if (text === 'pgbouncer') return text;
  throw new UsageError(`--pooler must be pgbouncer, got "${text}".`);
}

function file(name: string, text: string): string {
  if (text !== '') return text;
  throw new UsageError(`${name} needs the name of a file, got "".`);
}
