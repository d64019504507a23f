import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { closest } from '../closest.js';
import { acceptedIn } from '../accept.js';
import { isOfType } from '../policy.js';

/** A finding that somebody accepted. */
export interface PackException {
  readonly rule: string;
  /** URN of the resource. `*` stands for any text without a colon: `urn:pulumi:*::shop::aws:rds/instance:Instance::db`. */
  readonly urn: string;
  readonly reason: string;
  /** Last day on which it holds, `YYYY-MM-DD`, in UTC. */
  readonly until?: string;
}

/** Exceptions that cannot be used: the pack does not start with them. */
export class ExceptionsError extends Error {
  override readonly name = 'ExceptionsError';
}

/** JSON Schema of the file of exceptions. */
export const exceptionsSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['rule', 'urn', 'reason'],
    properties: {
      rule: { type: 'string', minLength: 1 },
      urn: { type: 'string', minLength: 1 },
      reason: { type: 'string', pattern: '\\S' },
      until: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
    },
  },
} as const;

/**
 * The exceptions in the file that `KEYTURN_EXCEPTIONS` names: a JSON list. Without the variable there are none.
 *
 * @throws ExceptionsError when the file cannot be read, has a key or a rule that does not exist, or an exception gives no reason.
 */
export function exceptionsIn(
  environment: Readonly<Record<string, string | undefined>>,
  rules: readonly string[],
): readonly PackException[] {
  const file = environment['KEYTURN_EXCEPTIONS'];
  if (file === undefined || file === '') return [];
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ExceptionsError('KEYTURN_EXCEPTIONS names a file that cannot be read as JSON. Name a file with a list.', {
      cause,
    });
  }
  const validate = new Ajv({ allErrors: true, strict: true }).compile<readonly PackException[]>(exceptionsSchema);
  if (!validate(data)) {
    const [error] = validate.errors ?? [];
    const extra: unknown = error?.params['additionalProperty'];
    const what = typeof extra === 'string' ? `has an unknown key "${extra}"` : (error?.message ?? 'is wrong');
    throw new ExceptionsError(`In the file of KEYTURN_EXCEPTIONS, "${error?.instancePath ?? ''}" ${what}.`);
  }
  for (const { rule } of data) {
    if (rules.includes(rule)) continue;
    const guess = closest(rule, rules);
    throw new ExceptionsError(
      `In the file of KEYTURN_EXCEPTIONS there is no rule "${rule}".${guess === undefined ? '' : ` Did you mean "${guess}"?`}`,
    );
  }
  return data;
}

/** The exceptions of a pack, and which of them covered something. */
export class ExceptionBook {
  readonly #exceptions: readonly PackException[];
  readonly #today: () => string;
  readonly #knows: (rule: string) => boolean;
  readonly #used = new Set<PackException>();
  /** By URN: what the program accepts there. */
  readonly #inCode = new Map<string, readonly PackException[]>();

  constructor(
    exceptions: readonly PackException[],
    today: () => string = () => new Date().toISOString().slice(0, 10),
    knows: (rule: string) => boolean = () => true,
  ) {
    this.#exceptions = exceptions;
    this.#knows = knows;
    this.#today = today;
  }

  /** Takes note of what the program accepts at a resource. */
  note(urn: string, ignoreChanges: readonly string[]): void {
    if (this.#inCode.has(urn)) return;
    const accepted = acceptedIn(ignoreChanges);
    if (accepted.length > 0)
      this.#inCode.set(
        urn,
        accepted.map((each) => ({ ...each, urn })),
      );
  }

  /** Whether somebody accepted a finding of this rule at this resource. */
  covers(rule: string, urn: string): boolean {
    const outside = this.#exceptions.filter((each) => isOfType(urn, [each.urn]));
    const matching = [...outside, ...(this.#inCode.get(urn) ?? [])].filter((each) => each.rule === rule);
    for (const each of matching) this.#used.add(each);
    return matching.some((each) => !this.#isOver(each));
  }

  /** What is wrong with the exceptions, once every rule of `ran` has looked at the whole stack. */
  *problems(ran: ReadonlySet<string>): Generator<string> {
    for (const each of [...this.#exceptions, ...[...this.#inCode.values()].flat()]) {
      if (!this.#knows(each.rule)) {
        yield `exception-malformed: there is no rule "${each.rule}", which ${each.urn} is an exception from. Correct it.`;
      } else if (this.#isOver(each)) {
        yield `exception-expired: the exception from ${each.rule} for ${each.urn} held until ${each.until ?? ''}. Fix the finding, or agree on a new date.`;
      } else if (ran.has(each.rule) && !this.#used.has(each)) {
        yield `exception-unused: the exception from ${each.rule} for ${each.urn} covers nothing. Remove it.`;
      }
    }
    this.#used.clear();
    this.#inCode.clear();
  }

  #isOver({ until }: PackException): boolean {
    return until !== undefined && this.#today() > until;
  }
}
