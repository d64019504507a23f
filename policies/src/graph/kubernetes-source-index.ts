import { text, type Value } from '@keyturn/resources';
import { writes, type KubernetesSecretSource } from './kubernetes-sources.js';
import { urnsBehind } from './matching.js';
import type { Linked } from './rotation-graph.js';

/** The sources of a model, found by the name and namespace that they write, so that a question does not ask every source. */
export class KubernetesSourceIndex {
  readonly #order: ReadonlyMap<KubernetesSecretSource, number>;
  readonly #groups = new Map<string, KubernetesSecretSource[]>();
  readonly #answers = new Map<string, Linked<KubernetesSecretSource>>();

  constructor(sources: readonly KubernetesSecretSource[]) {
    this.#order = new Map(sources.map((source, index) => [source, index]));
    for (const source of sources) {
      const written = text(source.secretName);
      const named = written === undefined ? [] : [name(written)];
      const made = [source.by.urn, ...urnsBehind(source.secretName)].map(maker);
      const open = written === undefined && source.secretName.kind !== 'absent' ? [openNames] : [];
      for (const group of [everything, ...named, ...open, ...made]) {
        this.#add(group, source);
        for (const key of namespaceKeys(source.namespace)) this.#add(`${group}\0${key}`, source);
      }
    }
  }

  /** Every source that certainly writes this Secret, and the first of those that may. */
  find(secretName: Value, namespace: Value): Linked<KubernetesSecretSource> {
    const key = plainKey(secretName, namespace);
    const known = key === undefined ? undefined : this.#answers.get(key);
    if (known) return known;
    const certain = this.#certain(secretName, namespace);
    const possible = this.#possible(secretName, namespace);
    const answer = { certain, possible: possible ? [possible] : [] };
    if (key !== undefined) this.#answers.set(key, answer);
    return answer;
  }

  #certain(secretName: Value, namespace: Value): readonly KubernetesSecretSource[] {
    const written = text(secretName);
    const groups = written === undefined ? urnsBehind(secretName).map(maker) : [name(written)];
    const candidates = groups.flatMap((group) =>
      namespace.kind === 'absent'
        ? this.#in(group)
        : [...namespaceKeys(namespace), noNamespace].flatMap((key) => this.#in(`${group}\0${key}`)),
    );
    return [...new Set(candidates)]
      .filter((source) => writes(source, secretName, namespace) === 'yes')
      .sort((a, b) => this.#position(a) - this.#position(b));
  }

  #possible(secretName: Value, namespace: Value): KubernetesSecretSource | undefined {
    if (secretName.kind === 'absent') return undefined;
    const written = text(secretName);
    const urns = urnsBehind(secretName);
    const groups =
      written !== undefined
        ? [name(written), openNames]
        : urns.length > 0
          ? [...urns.map(maker), openNames]
          : [everything];
    const lists = groups.flatMap((group) =>
      text(namespace) === undefined
        ? [this.#in(group)]
        : [...namespaceKeys(namespace), noNamespace, openNamespace].map((key) => this.#in(`${group}\0${key}`)),
    );
    // In all of these lists almost every source is a possible one: the first is found at once.
    const firsts = lists.flatMap(
      (list) => list.find((source) => writes(source, secretName, namespace) === 'unknown') ?? [],
    );
    return firsts.sort((a, b) => this.#position(a) - this.#position(b))[0];
  }

  #in(group: string): readonly KubernetesSecretSource[] {
    return this.#groups.get(group) ?? [];
  }

  #add(group: string, source: KubernetesSecretSource): void {
    const list = this.#groups.get(group);
    if (list) list.push(source);
    else this.#groups.set(group, [source]);
  }

  #position(source: KubernetesSecretSource): number {
    return this.#order.get(source) ?? -1;
  }
}

const everything = 'all';
const openNames = 'open';
const noNamespace = 'none';
const openNamespace = 'open';

function name(written: string): string {
  return `name ${written}`;
}

function maker(urn: string): string {
  return `urn ${urn}`;
}

function namespaceKeys(namespace: Value): readonly string[] {
  if (namespace.kind === 'absent') return [noNamespace];
  const written = text(namespace);
  if (written !== undefined) return [`name ${written}`];
  return [openNamespace, ...urnsBehind(namespace).map(maker)];
}

/** Questions about written names come again and again, one for each workload of a namespace. */
function plainKey(secretName: Value, namespace: Value): string | undefined {
  const written = text(secretName);
  const within = text(namespace);
  if (written === undefined || urnsBehind(secretName).length > 0) return undefined;
  if (namespace.kind === 'absent') return written;
  return within === undefined || urnsBehind(namespace).length > 0 ? undefined : `${written}\0${within}`;
}
