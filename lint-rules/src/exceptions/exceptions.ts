import { type Directive, parseDirective, readDirectives } from '@keyturn/findings/exceptions';
import type { TSESLint } from '@typescript-eslint/utils';
import { oncePerFile } from '../per-file.js';

/** The comments `keyturn-ignore-next-line <rule> -- <reason> (until …)` of a file, and what became of them. */
export interface FileExceptions {
  readonly directives: readonly Directive[];
  /** Rules that ran over the file. */
  readonly ran: Set<string>;
  /** For each directive, the rules that it kept a finding of. */
  readonly used: Map<Directive, Set<string>>;
  readonly today: string;
}

interface FileContext {
  readonly filename: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sourceCode: Readonly<TSESLint.SourceCode>;
}

const word = 'keyturn-ignore-next-line';
const remembered = new WeakMap<object, FileExceptions>();
const mayHaveSome = oncePerFile(({ text }: Readonly<TSESLint.SourceCode>) => text.includes(word));

/**
 * The exceptions of a file; nothing where it has none. With the setting `keyturn: { exceptions: 'elsewhere' }` the caller judges them, as
 * `keyturn check` does for all its findings at once.
 */
export function exceptionsOf(context: FileContext, source = context.sourceCode): FileExceptions | undefined {
  if (!mayHaveSome(source)) return undefined;
  const known = remembered.get(source.ast);
  if (known) return known;
  const found = read(context);
  if (found) remembered.set(source.ast, found);
  return found;
}

function read(context: FileContext): FileExceptions | undefined {
  const { sourceCode: source, settings } = context;
  if ((settings['keyturn'] as { exceptions?: unknown } | undefined)?.exceptions === 'elsewhere') return undefined;
  const directives =
    (source.ast.type as string) === 'Program' && Array.isArray(source.ast.body)
      ? inComments(context)
      : readDirectives(context.filename, source.text);
  return { directives, ran: new Set(), used: new Map(), today: new Date().toISOString().slice(0, 10) };
}

/** True when a comment accepts what a rule finds in a line, today. */
export function accepts({ directives, used, today }: FileExceptions, rule: string, line: number): boolean {
  let isAccepted = false;
  for (const directive of directives) {
    const { problem, rules, target, until } = directive;
    if (problem !== undefined || target !== line || !rules.includes(rule)) continue;
    used.set(directive, (used.get(directive) ?? new Set()).add(rule));
    isAccepted ||= until === undefined || today <= until;
  }
  return isAccepted;
}

/** As the reader of `keyturn check`, over the comments that the parser of the file found, so in Vue and Svelte too. */
function inComments({ filename, sourceCode: source }: FileContext): Directive[] {
  return source.getAllComments().flatMap((comment) => {
    const text = comment.value.trim();
    if (!text.startsWith(word)) return [];
    const { line, column } = comment.loc.start;
    const next = source.ast.tokens?.find((token) => token.loc.start.line > line)?.loc.start.line;
    return [
      {
        place: { file: filename, line, column: column + 1 },
        target: next ?? comment.loc.end.line + 1,
        ...parseDirective(text.slice(word.length)),
      },
    ];
  });
}
