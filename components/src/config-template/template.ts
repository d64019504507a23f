/** Variables of a template, and the keys of the credential that they stand for. */
const variables = [
  ['DB_USER', 'username'],
  ['DB_PASSWORD', 'password'],
  ['DB_GENERATION', 'generation'],
] as const;
export type Variable = (typeof variables)[number][0];

/** The template cannot be rendered; the message says what it lacks. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** A piece of a template: text as it stands, or a variable. */
export type Piece = string | { readonly variable: Variable };

/** As envsubst reads them: `$NAME` and `${NAME}`. */
const reference = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/**
 * Reads a template as envsubst does: `${DB_USER}`, `${DB_PASSWORD}` and `${DB_GENERATION}` are the credential, what `values` names is filled in, and
 * everything else stays as it is.
 *
 * @throws TemplateError without both user and password, which change together.
 */
export function parseTemplate(template: string, values: Readonly<Record<string, string>> = {}): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of template.matchAll(reference)) {
    const name = match[1] ?? match[2] ?? '';
    if (!isVariable(name) && !Object.hasOwn(values, name)) continue;
    pieces.push(template.slice(end, match.index), isVariable(name) ? { variable: name } : (values[name] ?? ''));
    end = match.index + match[0].length;
  }
  pieces.push(template.slice(end));
  for (const needed of ['DB_USER', 'DB_PASSWORD'] as const) {
    if (!pieces.some((piece) => typeof piece === 'object' && piece.variable === needed)) {
      throw new TemplateError(
        `The template does not use \${${needed}}. User and password change together, so it must hold both.`,
      );
    }
  }
  return pieces;
}

function isVariable(name: string): name is Variable {
  return variables.some(([variable]) => variable === name);
}

/** The pieces as a template of Go, with `at` for where a key of the credential stands: `.username`, `.Secrets.username`. */
export function goTemplate(pieces: readonly Piece[], at: (key: string) => string): string {
  return pieces
    .map((piece) =>
      // A text of the user's with braces would be read as an action.
      typeof piece === 'string' ? piece.replaceAll('{{', '{{ "{{" }}') : `{{ ${at(keyOf(piece.variable))} }}`,
    )
    .join('');
}

function keyOf(wanted: Variable): string {
  return variables.find(([variable]) => variable === wanted)?.[1] ?? '';
}

/** The pieces as a template of envsubst again, with `values` filled in. */
export function envTemplate(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : `\${${piece.variable}}`)).join('');
}
