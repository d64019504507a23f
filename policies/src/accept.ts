/** A finding that somebody accepts at one resource. */
export interface Acceptance {
  /** Id of the rule. */
  readonly rule: string;
  /** Why. Shown wherever the finding would be. */
  readonly reason: string;
  /** Last day on which it holds, `YYYY-MM-DD`, in UTC. */
  readonly until?: string;
}

/**
 * The name of a property that no resource has, in `ignoreChanges`: that is what an engine hands on to a policy pack and to a preview, and
 * it ignores nothing. Aliases reach neither.
 */
const prefix = 'keyturn:exception:';

/**
 * Options of a resource that say which finding is accepted there, and why. `keyturn check` and the policy pack leave the finding out until
 * the date, and report an exception that is over or covers nothing.
 *
 * @example
 * new aws.rds.Instance('db', args, accept({ rule: 'no-hardcoded-password', reason: 'A throw-away database.', until: '2027-03-31' }));
 * @throws TypeError when there is no rule, no reason, or a date that is none.
 */
export function accept(acceptances: Acceptance | readonly Acceptance[]): { ignoreChanges: string[] };
export function accept<Options extends { ignoreChanges?: string[] | undefined }>(
  acceptances: Acceptance | readonly Acceptance[],
  options: Options,
): Omit<Options, 'ignoreChanges'> & { ignoreChanges: string[] };
export function accept(
  acceptances: Acceptance | readonly Acceptance[],
  options: { ignoreChanges?: string[] | undefined } = {},
): { ignoreChanges: string[] } {
  const list = [acceptances].flat() as readonly Acceptance[];
  return { ...options, ignoreChanges: [...(options.ignoreChanges ?? []), ...list.map(written)] };
}

function written({ rule, reason, until }: Acceptance): string {
  if (!/\S/.test(rule)) throw new TypeError('An exception needs the id of a rule.');
  if (!/\S/.test(reason)) throw new TypeError(`The exception from ${rule} gives no reason. Say why it is accepted.`);
  if (until !== undefined && !isDay(until))
    throw new TypeError(`The exception from ${rule} holds until "${until}", which is no day. Write YYYY-MM-DD.`);
  // A point would begin a path, and a star stands for every property.
  return prefix + encodeURIComponent(JSON.stringify({ rule, reason, until })).replace(/[.*]/g, escaped);
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The findings that the `ignoreChanges` of a resource accept. */
export function acceptedIn(ignoreChanges: readonly string[]): readonly Acceptance[] {
  return ignoreChanges.flatMap((path) => {
    if (!path.startsWith(prefix)) return [];
    try {
      const data: unknown = JSON.parse(decodeURIComponent(path.slice(prefix.length)));
      return isAcceptance(data) ? [data] : [];
    } catch {
      return [];
    }
  });
}

function isAcceptance(data: unknown): data is Acceptance {
  return (
    typeof data === 'object' &&
    data !== null &&
    typeof Reflect.get(data, 'rule') === 'string' &&
    typeof Reflect.get(data, 'reason') === 'string' &&
    ['undefined', 'string'].includes(typeof Reflect.get(data, 'until'))
  );
}
