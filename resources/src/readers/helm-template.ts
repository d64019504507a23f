import type { UnknownValue, Value } from '../value.js';

/** Stands in YAML for what a chart writes: no file has it, and it means nothing there. */
const mark = '\uE000';

const ofHelm =
  /(?:^|[\s($])\.?(?:Values|Release|Chart|Capabilities|Files|Template)\.|\b(?:include|template|lookup)\s+"|\btpl\s/;
const comment = /^-?\s*\/\*[\s\S]*\*\/\s*-?$/;

/** Whether a text is a template of a Helm chart. Templates that run in the cluster (Vault's agent, External Secrets) name none of its objects. */
export function isHelmTemplate(source: string): boolean {
  for (const { start, end } of actionsIn(source)) if (ofHelm.test(source.slice(start + 2, end - 2))) return true;
  return false;
}

/** The text with every action of the template replaced, at the same length, so that it is YAML where the chart only fills in values. */
export function maskTemplate(source: string): string {
  const uncommented = replaceActions(source, (inner) => (comment.test(inner) ? ' ' : undefined));
  const documents = uncommented
    .split(/^(?=---)/m)
    .map(withoutCondition)
    .join('');
  return replaceActions(withoutCondition(documents), () => mark);
}

/** Writes a character over whole actions, and leaves those alone that get none. */
function replaceActions(source: string, by: (inner: string) => string | undefined): string {
  let out = '';
  let from = 0;
  for (const { start, end } of actionsIn(source)) {
    const character = by(source.slice(start + 2, end - 2));
    if (character === undefined) continue;
    out += source.slice(from, start) + source.slice(start, end).replace(/[^\n]/g, character);
    from = end;
  }
  return out + source.slice(from);
}

/** `{{ … }}` in order. Braces inside a text of the action do not end it. */
function* actionsIn(source: string): Generator<{ readonly start: number; readonly end: number }> {
  for (let start = source.indexOf('{{'); start !== -1;) {
    const end = endOfAction(source, start + 2);
    if (end === -1) return;
    yield { start, end };
    start = source.indexOf('{{', end);
  }
}

/** A comment fills its action: elsewhere `/*` is a glob. */
function endOfAction(source: string, from: number): number {
  const opening = /-?\s*\/\*/y;
  opening.lastIndex = from;
  const closing = opening.test(source) ? source.indexOf('*/', opening.lastIndex) : from;
  if (closing === -1) return -1;
  const token = /\}\}|"(?:\\.|[^"\\\n])*"|`[^`]*`/g;
  token.lastIndex = closing;
  for (let match = token.exec(source); match; match = token.exec(source)) {
    if (match[0] === '}}') return token.lastIndex;
  }
  return -1;
}

/** A condition around everything says only whether it is there. */
function withoutCondition(document: string): string {
  const lines = document.split('\n');
  const alone = (index: number): string | undefined =>
    /^\s*\{\{-?\s*((?:(?!\}\})[\s\S])*?)-?\}\}\s*$/.exec(lines[index] ?? '')?.[1]?.trim();
  const isNothing = (index: number) => /^\s*(#.*)?$|^---\s*$/.test(lines[index] ?? '');
  const opening: number[] = [];
  for (let at = 0; at < lines.length; at++) {
    const inner = alone(at);
    if (inner !== undefined && /^(if|with)\s|^\$\w+\s*:?=/.test(inner)) opening.push(at);
    else if (!isNothing(at)) break;
  }
  const conditions = opening.filter((at) => !/^\$/.test(alone(at) ?? ''));
  const closing: number[] = [];
  for (let at = lines.length - 1; at >= 0 && closing.length < conditions.length; at--) {
    if (alone(at) === 'end') closing.push(at);
    else if (!isNothing(at)) break;
  }
  if (closing.length < conditions.length) return document;
  const blank = new Set([...opening, ...closing]);
  return lines.map((line, index) => (blank.has(index) ? ' '.repeat(line.length) : line)).join('\n');
}

/** Whether a text of the masked document holds what a chart writes. */
export function isMasked(text: string): boolean {
  return text.includes(mark);
}

/** What a text is that a chart writes: not known, except for a `default` that is written out. */
export function valueOfTemplate(written: string): Pick<UnknownValue, 'because' | 'provenance' | 'fallback'> {
  const because = 'the chart fills it in';
  const provenance = { kind: 'unknown' } as const;
  const inner = /^\{\{-?((?:(?!\}\})[\s\S])*?)-?\}\}$/.exec(written.trim())?.[1] ?? '';
  const found = /\bdefault\s+"([^"]+)"/.exec(inner);
  const text = found?.[1];
  if (text === undefined) return { because, provenance };
  const name = /\.Values\.[\w.]*?(\w+)(?=[\s)|]|$)/.exec(inner)?.[1] ?? '';
  return { because, provenance, fallback: { text, variables: [{ name, text }] } };
}

const references: ReadonlySet<string> = new Set([
  'metadata',
  'secretRef',
  'secretKeyRef',
  'configMapRef',
  'configMapKeyRef',
  'target',
  'destination',
]);

/** Two names that a chart writes in the same way are the same name: they are kept as they are written. */
export function withNames(value: Value, written: ReadonlyMap<Value, string>, parent = ''): Value {
  if (value.kind === 'list') return { ...value, items: value.items.map((item) => withNames(item, written, parent)) };
  if (value.kind !== 'object') return value;
  const fields = new Map<string, Value>();
  for (const [key, field] of value.fields) {
    const text = written.get(field);
    const isName = key === 'secretName' || (/^(name|namespace)$/.test(key) && references.has(parent));
    if (text !== undefined && isName && field.kind === 'unknown') {
      const { secret, place } = field;
      fields.set(key, {
        kind: 'known',
        value: text,
        secret,
        provenance: { kind: 'literal' },
        ...(place ? { place } : {}),
      });
    } else fields.set(key, withNames(field, written, key));
  }
  return { ...value, fields };
}
