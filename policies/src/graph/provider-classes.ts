import { at, text, type Resource, type Value } from '@keyturn/resources';
import { namesObject, sameNamespace } from './matching.js';
import type { Linked } from './rotation-graph.js';

/** The classes of the CSI driver for secrets in a model, found by the name that a volume gives. */
export class ProviderClasses {
  readonly #byName = new Map<string, Resource[]>();
  readonly #unnamed: Resource[] = [];
  readonly #first: readonly Resource[];

  constructor(classes: readonly Resource[]) {
    this.#first = classes.slice(0, 1);
    for (const each of classes) {
      const name = text(nameOf(each));
      if (name === undefined) this.#unnamed.push(each);
      else this.#byName.set(name, [...(this.#byName.get(name) ?? []), each]);
    }
  }

  /** Every class that a volume certainly means, and the first of those that it may. */
  find(name: Value, namespace: Value): Linked<Resource> {
    const written = text(name);
    const candidates = written === undefined ? this.#unnamed : [...(this.#byName.get(written) ?? []), ...this.#unnamed];
    const inNamespace = candidates.filter(
      ({ properties }) => sameNamespace(namespace, at(properties, 'metadata', 'namespace')) !== 'no',
    );
    const certain = inNamespace.filter((each) => namesObject(name, nameOf(each), each) === 'yes');
    if (certain.length > 0) return { certain, possible: [] };
    if (name.kind === 'absent') return { certain, possible: [] };
    const possible = inNamespace.filter((each) => nameOf(each).kind === 'unknown').slice(0, 1);
    return { certain, possible: written === undefined ? this.#first : possible };
  }
}

function nameOf({ properties }: Resource): Value {
  return at(properties, 'metadata', 'name');
}
