import jsTokens, { type JSXToken, type Token } from 'js-tokens';

/** What stands where something could be a secret. Always the same length, so that it does not tell how long the secret is. */
export const mask = '•••';

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Source in which nothing that could be a secret is readable, and where its columns went. */
export interface MaskedSource {
  readonly text: string;
  /** The column, from 1, at which the character of the original line and column stands now. */
  column(line: number, column: number): number;
}

/**
 * Shows the shape of a file and none of its values: text, numbers beside a sensitive name, and comments are masked. A code frame goes into
 * logs of CI that many people read, and the most common finding is a password in the code.
 */
export function maskSource(file: string, source: string): MaskedSource {
  const spans = /\.[cm]?[jt]sx?$/.test(file)
    ? scriptSpans(file, source)
    : lineSpans(source, /(^|\/)[^/]*\.env(\.|$)|\.(tmpl|template|envsubst)$/.test(file));
  return applyMask(source, spans);
}

const sensitive = /pass|pwd|secret|token|key|credential|auth|pin\b/i;

function scriptSpans(file: string, source: string): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let words: string[] = [];
  for (const token of tokensOf(file, source)) {
    const hidden = hiddenPart(token, words);
    if (hidden) spans.push({ start: start + hidden.start, end: start + hidden.end });
    if (token.type !== 'WhiteSpace' && token.type !== 'LineTerminatorSequence')
      words = [...words.slice(-2), token.value];
    start += token.value.length;
  }
  return spans;
}

function tokensOf(file: string, source: string): Iterable<Token | JSXToken> {
  return /\.[cm]?[jt]s$/.test(file) ? jsTokens(source) : jsTokens(source, { jsx: true });
}

function hiddenPart(token: Token | JSXToken, before: readonly string[]): Span | undefined {
  const { length } = token.value;
  switch (token.type) {
    case 'StringLiteral': {
      const [outer, last] = before.slice(-2);
      const names =
        last === 'from' ||
        last === 'import' ||
        (last === '(' && (outer === 'require' || outer === 'import')) ||
        (last === '[' && outer === 'env');
      return names ? undefined : inside(length, token.closed);
    }
    case 'JSXString':
    case 'NoSubstitutionTemplate':
    case 'RegularExpressionLiteral':
    case 'TemplateTail':
      return inside(length, token.closed);
    case 'TemplateHead':
    case 'TemplateMiddle':
      return nonEmpty(1, length - 2);
    case 'JSXText':
      return token.value.trim() === '' ? undefined : nonEmpty(0, length);
    case 'SingleLineComment':
    case 'MultiLineComment':
    case 'HashbangComment':
      return nonEmpty(2, length);
    case 'NumericLiteral':
      return sensitive.test(before.join(' ')) ? nonEmpty(0, length) : undefined;
    case 'Invalid':
    case 'JSXInvalid':
      return nonEmpty(0, length);
    default:
      return undefined;
  }
}

function inside(length: number, closed: boolean): Span | undefined {
  return nonEmpty(1, closed ? length - 1 : length);
}

function nonEmpty(start: number, end: number): Span | undefined {
  return start < end ? { start, end } : undefined;
}

/** Keys of Kubernetes and Pulumi YAML whose values name things and never hold a secret. */
const naming = /^(?:apiVersion|kind|name|namespace|type|runtime|mountPath|subPath|refreshInterval|secretName|image)$/;
const line = /^(?<lead>[\s-]*)(?:(?<key>[\w./"'-]+)(?<between>\s*[:=]\s*))?(?<rest>.*)$/u;
const plain = /^(?:true|false|null|~|\||>|[|>][-+]|\{\}|\[\]|)$/;

/** A line that ends in `=` may be the end of a key in base64, and is a variable only by such a name. */
const variable = /^[A-Z][A-Z0-9_]{0,40}$/;

/** YAML, .env, shell: all that follows a key is masked, unless the key only names things. */
function lineSpans(source: string, quotes: boolean): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let guard = Infinity;
  let open: string | undefined;
  for (const text of source.split('\n')) {
    const { lead = '', key, between = '', rest = '' } = line.exec(text)?.groups ?? {};
    const isPadding = between.includes('=') && /^=*\s*$/.test(rest) && !variable.test(key ?? '');
    const shown = open !== undefined || isPadding ? 0 : lead.length + (key?.length ?? 0) + between.length;
    const value = text.slice(shown).trimEnd();
    if (quotes) open = stillOpen(open, open === undefined ? value : text);
    if (text.trim() !== '' && lead.length <= guard) guard = Infinity;
    const safe =
      guard === Infinity && key !== undefined && between.includes(':') && naming.test(key) && !value.includes('#');
    if (!safe && !plain.test(value) && !/^---\s*$/.test(text))
      spans.push({ start: start + shown, end: start + shown + value.length });
    // Below `data:` and in block text, `name: …` is content like any other.
    if (guard === Infinity && (/^(?:data|stringData)$/.test(key ?? '') || /^[|>]/.test(value))) guard = lead.length;
    start += text.length + 1;
  }
  return spans;
}

/** The quote that a value of a `.env` file leaves open at the end of the line. */
function stillOpen(open: string | undefined, value: string): string | undefined {
  const quote = open ?? /^["']/.exec(value)?.[0];
  if (quote === undefined) return undefined;
  const rest = open === undefined ? value.slice(1) : value;
  return (quote === '"' ? rest.replace(/\\./g, '') : rest).includes(quote) ? undefined : quote;
}

function applyMask(source: string, spans: readonly Span[]): MaskedSource {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  let text = '';
  let at = 0;
  // A masked template keeps its line breaks, or every line below it would be numbered wrongly.
  const pieces: { start: number; end: number; to: string }[] = [];
  for (const span of spans) {
    let from = span.start;
    for (const part of source.slice(span.start, span.end).split('\n')) {
      if (part !== '') pieces.push({ start: from, end: from + part.length, to: mask });
      from += part.length + 1;
    }
  }
  for (const piece of pieces) {
    text += source.slice(at, piece.start) + piece.to;
    at = piece.end;
  }
  text += source.slice(at);
  return {
    text,
    column(line, column) {
      const lineStart = starts[line - 1] ?? 0;
      const offset = lineStart + column - 1;
      let moved = column;
      for (const piece of pieces) {
        if (piece.start < lineStart) continue;
        if (piece.start >= offset) break;
        moved += offset >= piece.end ? piece.to.length - (piece.end - piece.start) : piece.start - offset;
      }
      return moved;
    },
  };
}
