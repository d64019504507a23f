import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type LineCounter,
  type Node,
  type Scalar,
} from 'yaml';
import type { Place } from '../place.js';
import type { NotAnalysed } from '../resource.js';
import type { Value } from '../value.js';
import { isMasked, valueOfTemplate } from './helm-template.js';
import { fallbackOf } from './shell-values.js';

const mostValues = 200_000;
const deepest = 200;

/** Values with places, from the nodes of one YAML document. Anchors and merge keys are followed. */
export class YamlValues {
  readonly #document: Document;
  readonly #file: string;
  readonly #lines: LineCounter;
  /** Aliases can stand for one another many times over; past this many values the file is cut off. */
  #left: number = mostValues;
  #isCutOff = false;
  /** Looking for an anchor walks the whole document. */
  readonly #anchors = new Map<Alias, Node | undefined>();

  /** The texts that a chart fills in, as they are written. */
  readonly written = new Map<Value, string>();
  readonly #template: string | undefined;

  /** `template`: the text of the Helm template that the document was masked from. */
  constructor(document: Document, file: string, lines: LineCounter, template?: string) {
    this.#document = document;
    this.#file = file;
    this.#lines = lines;
    this.#template = template;
  }

  /** What the file held beyond the limits; nothing where everything was read. */
  get cutOff(): readonly NotAnalysed[] {
    if (!this.#isCutOff) return [];
    const because = `it holds more than ${mostValues.toLocaleString('en')} values, aliases counted, or is nested more than ${deepest} deep, and the rest was not read; split it`;
    const place = { file: this.#file, line: 1 };
    return [{ what: this.#file, because, place, extent: 'whole' }];
  }

  read(node: unknown, place?: Place, depth = 0): Value {
    if (node === null || node === undefined) return this.#known(null, place);
    if (this.#left-- <= 0 || depth > deepest) {
      this.#isCutOff = true;
      return { kind: 'unknown', because: 'the file is nested too deeply', ...this.#marks(place) };
    }
    if (isAlias(node)) return this.read(this.#resolve(node), this.#placeOf(node), depth + 1);
    const here = place ?? this.#placeOf(node);
    if (isScalar(node)) {
      return typeof node.value === 'string' && this.#template !== undefined && isMasked(node.value)
        ? this.#filledIn(node, this.#template, here)
        : this.#scalar(node.value, here);
    }
    if (isAction(node)) return { kind: 'unknown', because: 'a template fills it in', ...this.#unknown(here) };
    if (isSeq(node)) {
      return {
        kind: 'list',
        items: node.items.map((item) => this.read(item, undefined, depth + 1)),
        ...this.#marks(here),
      };
    }
    if (isMap(node)) {
      const fields = new Map<string, Value>();
      for (const [index, pair] of node.items.entries()) {
        if (isMerge(pair.key)) {
          for (const [key, value] of this.#merged(pair.value, depth)) if (!fields.has(key)) fields.set(key, value);
          continue;
        }
        const key = this.#keyOf(pair.key) ?? `? ${index}`;
        // A finding points at the line of the key: that is where a person looks for `password:`.
        fields.set(key, this.read(pair.value, this.#placeOf(pair.key), depth + 1));
      }
      return { kind: 'object', fields, ...this.#marks(here) };
    }
    return { kind: 'unknown', because: 'this kind of YAML node cannot be read', ...this.#marks(here) };
  }

  #filledIn(node: Scalar, template: string, place: Place | undefined): Value {
    const [from = 0, to = 0] = node.range ?? [];
    const written = template.slice(from, to).replace(/^(["'])([\s\S]*)\1$/, '$2');
    const value: Value = { kind: 'unknown', ...this.#unknown(place), ...valueOfTemplate(written) };
    this.written.set(value, written);
    return value;
  }

  #resolve(alias: Alias): Node | undefined {
    if (!this.#anchors.has(alias)) this.#anchors.set(alias, alias.resolve(this.#document));
    return this.#anchors.get(alias);
  }

  /** Nothing for a key that is a map or a list: no file that is read here has one, and writing it out can fail. */
  #keyOf(node: unknown): string | undefined {
    const key = isAlias(node) ? this.#resolve(node) : node;
    if (!isScalar(key)) return undefined;
    const text = String(key.value);
    const range = isMasked(text) ? key.range : undefined;
    return this.#template !== undefined && range ? this.#template.slice(range[0], range[1]) : text;
  }

  #merged(node: unknown, depth: number): ReadonlyMap<string, Value> {
    const value = this.read(node, undefined, depth + 1);
    if (value.kind === 'object') return value.fields;
    const merged = new Map<string, Value>();
    if (value.kind === 'list') {
      for (const item of value.items) {
        if (item.kind !== 'object') continue;
        for (const [key, field] of item.fields) if (!merged.has(key)) merged.set(key, field);
      }
    }
    return merged;
  }

  #scalar(value: unknown, place: Place | undefined): Value {
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
      return this.#known(value, place);
    }
    return this.#known(value instanceof Date ? value.toISOString() : String(value), place);
  }

  #known(value: string | number | boolean | null, place: Place | undefined): Value {
    const fallback = typeof value === 'string' ? fallbackOf(value) : undefined;
    return { kind: 'known', value, ...this.#marks(place), ...(fallback ? { fallback } : {}) };
  }

  #marks(place: Place | undefined) {
    return { secret: false, provenance: { kind: 'literal' } as const, ...(place ? { place } : {}) };
  }

  #unknown(place: Place | undefined) {
    return { secret: false, provenance: { kind: 'unknown' } as const, ...(place ? { place } : {}) };
  }

  #placeOf(node: unknown): Place | undefined {
    const range = (node as Partial<Node> | null)?.range;
    if (!range) return undefined;
    const { line, col } = this.#lines.linePos(range[0]);
    return line === 0 ? undefined : { file: this.#file, line, column: col };
  }
}

/** `{{ name }}` without quotes is a map to YAML, whose only key is a map. */
function isAction(node: unknown): boolean {
  if (!isMap(node) || node.flow !== true || node.items.length !== 1) return false;
  const [pair] = node.items;
  return isMap(pair?.key) && pair.key.flow === true && (pair.value ?? null) === null;
}

function isMerge(key: unknown): boolean {
  if (!isScalar(key)) return false;
  return key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<');
}
