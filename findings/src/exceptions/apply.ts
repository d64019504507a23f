import { fingerprintOf, type Finding, type FindingPlace, type Suppressed } from '../finding.js';
import type { Level } from '../facts.js';
import type { Directive } from './directive.js';
import { exceptionRules, type ExceptionRule } from './rules.js';

/** An exception that stands in a configuration. */
export interface ConfiguredException {
  readonly rule: string;
  readonly reason: string;
  /** Last day on which it holds, `YYYY-MM-DD`. */
  readonly until?: string;
  /** Where it is written. `comment`: in the source that it is about. Default: `config`. */
  readonly by?: 'comment' | 'config';
  readonly place: FindingPlace;
  /** What identifies it besides the rule, for the fingerprint of a finding about it. */
  readonly subject: string;
  covers(finding: Finding): boolean;
}

export interface Exceptions {
  readonly directives: readonly Directive[];
  readonly configured?: readonly ConfiguredException[];
  /** Today as `YYYY-MM-DD`. An exception holds through its last day. */
  readonly today: string;
  /** Whether the rule exists; the answer for one that does not is what to say about it. */
  readonly knows: (rule: string) => true | string;
  /** Whether the rule ran over this file, so that "covers nothing" means something. Default: always. */
  readonly ran?: (rule: string, file: string | undefined) => boolean;
  /** Level of a rule about exceptions. `off` reports nothing. */
  readonly levelOf: (rule: ExceptionRule) => Level;
  /** Places a comment may stand above to cover the finding. Default: its own. */
  readonly placesOf?: (finding: Finding) => readonly FindingPlace[];
}

/** Splits findings into those that remain and those that somebody accepted, and says what is wrong with the exceptions. */
export function applyExceptions(
  findings: readonly Finding[],
  exceptions: Exceptions,
): { readonly findings: readonly Finding[]; readonly suppressed: readonly Suppressed[] } {
  const { directives, configured = [], placesOf = ({ place }) => [place] } = exceptions;
  const remaining: Finding[] = [];
  const suppressed: Suppressed[] = [];
  const used = new Set<string>();

  for (const finding of findings) {
    const places = placesOf(finding);
    const above = directives.filter(
      (directive) =>
        directive.problem === undefined &&
        directive.rules.includes(finding.rule) &&
        places.some(({ file, line }) => file === directive.place.file && line === directive.target),
    );
    const outside = configured.filter((exception) => exception.rule === finding.rule && exception.covers(finding));
    for (const directive of above) used.add(keyOf(directive.place, finding.rule));
    for (const exception of outside) used.add(keyOf(exception.place, finding.rule, exception.subject));

    const comment = above.find(({ until }) => holds(until, exceptions.today));
    const setting = outside.find(({ until }) => holds(until, exceptions.today));
    const accepted = comment ?? setting;
    if (!accepted) remaining.push(finding);
    else {
      suppressed.push({
        finding,
        by: accepted === comment ? 'comment' : (setting?.by ?? 'config'),
        reason: accepted.reason ?? '',
        ...(accepted.until === undefined ? {} : { until: accepted.until }),
      });
    }
  }
  return { findings: [...remaining, ...problems(exceptions, used)], suppressed };
}

function* problems(exceptions: Exceptions, used: ReadonlySet<string>): Generator<Finding> {
  const { directives, configured = [], today, ran = () => true, knows } = exceptions;
  const report = reporterFor(exceptions);
  for (const { place, problem, rules, until } of directives) {
    if (problem !== undefined) {
      yield* report('exception-malformed', place, `This exception is not honoured. ${problem}`, rules.join(','));
      continue;
    }
    for (const rule of rules) {
      const known = knows(rule);
      if (known !== true) yield* report('exception-malformed', place, known, rule);
      else if (!holds(until, today)) yield* report('exception-expired', place, expired(rule, until), rule);
      else if (!used.has(keyOf(place, rule)) && ran(rule, place.file)) {
        yield* report('exception-unused', place, `This exception from \`${rule}\` covers nothing. Remove it.`, rule);
      }
    }
  }
  for (const { place, rule, until, subject } of configured) {
    if (!holds(until, today)) yield* report('exception-expired', place, expired(rule, until), rule, subject);
    else if (!used.has(keyOf(place, rule, subject)) && ran(rule, undefined)) {
      yield* report(
        'exception-unused',
        place,
        `This exception from \`${rule}\` covers nothing. Remove it.`,
        rule,
        subject,
      );
    }
  }
}

function expired(rule: string, until = ''): string {
  return `This exception from \`${rule}\` held until ${until}. Fix the finding, or agree on a new date.`;
}

function reporterFor({ levelOf }: Exceptions) {
  return function* (id: ExceptionRule, place: FindingPlace, message: string, ...subject: string[]): Generator<Finding> {
    const level = levelOf(id);
    const facts = exceptionRules.find((rule) => rule.id === id);
    if (level === 'off' || !facts) return;
    yield {
      rule: id,
      severity: facts.severity,
      level,
      message,
      place,
      fingerprint: fingerprintOf(id, place.file, ...subject),
    };
  };
}

function holds(until: string | undefined, today: string): boolean {
  return until === undefined || today <= until;
}

function keyOf({ file, line, column = 0 }: FindingPlace, rule: string, subject = ''): string {
  return JSON.stringify([file, line, column, rule, subject]);
}
