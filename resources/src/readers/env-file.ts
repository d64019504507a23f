import type { Model, NotAnalysed, Resource } from '../resource.js';
import { textOfShell } from './shell-values.js';
import { resourceInFile } from './resource-in-file.js';

export interface EnvFileOptions {
  /** Path that places name. */
  readonly file: string;
  /** Whether the file shows what to write, and is meant to be copied. Default: what its name says. */
  readonly example?: boolean;
}

/** Files that show what to write, and are meant to be copied. */
const example = /(^|[./_-])(example|sample|template|dist|tpl|tmpl|defaults?)([./_-]|$)/i;

/**
 * The variables of a `.env` file, or of a template for `envsubst`, each as a resource of the type `file:env:Variable` with `name`,
 * `value` and `example` (true for files such as `.env.example`). A value that is one `${VARIABLE}` has the provenance environment.
 * Lines that set nothing are reported in `notAnalysed`.
 */
export function readEnvFile(source: string, { file, example: given }: EnvFileOptions): Model {
  const resources: Resource[] = [];
  const notAnalysed: NotAnalysed[] = [];
  const lines = source.split(/\r\n|\n|\r/);
  const isExample = given ?? example.test(file.split('/').at(-1) ?? '');

  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const place = { file, line: index + 1 };
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*)$/.exec(line);
    const [, name = '', rest = ''] = match ?? [];
    if (!match) {
      notAnalysed.push({ what: `line ${index + 1} of ${file}`, because: 'it sets no variable', place });
      continue;
    }
    const read = quoted(rest, lines, index);
    if (!read) {
      notAnalysed.push({ what: `${name} in ${file}`, because: 'its quote is never closed', place });
      continue;
    }
    index = read.last;
    resources.push(
      resourceInFile({
        reader: 'env-file',
        type: 'file:env:Variable',
        name,
        place,
        fields: { name, value: textOfShell(read.text, { expands: read.expands, place }), example: isExample },
      }),
    );
  }
  return { resources, notAnalysed };
}

interface Quoted {
  readonly text: string;
  readonly expands: boolean;
  /** Index of the line that it ends in. */
  readonly last: number;
}

/** The text after the equals sign, over several lines when it is quoted; nothing when a quote is never closed. */
function quoted(rest: string, lines: readonly string[], first: number): Quoted | undefined {
  const quote = rest.charAt(0);
  if (quote !== '"' && quote !== "'") {
    return { text: rest.replace(/\s+#.*$/, '').trim(), expands: true, last: first };
  }
  let text = rest.slice(1);
  for (let last = first; ; last++) {
    const end = closing(text, quote);
    if (end !== -1) return { text: text.slice(0, end), expands: quote === '"', last };
    const next = lines[last + 1];
    if (next === undefined) return undefined;
    text += `\n${next}`;
  }
}

function closing(text: string, quote: string): number {
  for (let at = 0; at < text.length; at++) {
    if (quote === '"' && text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === quote) return at;
  }
  return -1;
}
