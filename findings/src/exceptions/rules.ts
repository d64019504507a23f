import type { RuleFacts } from '../facts.js';

/** What an exception itself can do wrong. */
export const exceptionRules = [
  {
    id: 'exception-expired',
    summary: 'Disallow exceptions whose last day has passed',
    severity: 'medium',
    breaks: 'What was accepted until a date is still there, and the date that somebody promised has passed.',
    fix: 'Fix the finding, or agree on a new date.',
  },
  {
    id: 'exception-malformed',
    summary: 'Disallow exceptions without a rule, a reason or a real date',
    severity: 'medium',
    breaks: 'Nobody can tell why the finding was accepted, so the exception is not honoured.',
    fix: 'Write `keyturn-ignore-next-line <rule> -- <reason> (until YYYY-MM-DD)`.',
  },
  {
    id: 'exception-unused',
    summary: 'Disallow exceptions that cover nothing',
    severity: 'medium',
    breaks: 'The next real finding at this place is hidden by an exception that was meant for another one.',
    fix: 'Remove the exception.',
  },
] as const satisfies readonly RuleFacts[];

export type ExceptionRule = (typeof exceptionRules)[number]['id'];
