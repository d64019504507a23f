import fc from 'fast-check';
import { absent, at, type Value } from '@keyturn/resources';
import { expect, it } from 'vitest';
import { Output, resource, unknown, urnOf } from '../testing.js';
import { KubernetesSourceIndex } from './kubernetes-source-index.js';
import { kubernetesSourcesIn, writes } from './kubernetes-sources.js';

const type = 'kubernetes:external-secrets.io/v1:ExternalSecret';
const somewhere = fc.constantFrom(
  undefined,
  'a',
  'b',
  unknown,
  new Output(urnOf(type, 'es-0')),
  new Output('urn:other'),
);
const source = fc.record({ name: somewhere, namespace: somewhere });

function valueOf(data: unknown): Value {
  return data === undefined ? absent : at(resource('t', 'n', { data }).properties, 'data');
}

it('answers what asking every source would answer', () => {
  fc.assert(
    fc.property(fc.array(source, { maxLength: 8 }), somewhere, somewhere, (given, name, namespace) => {
      const resources = given.map((each, index) =>
        resource(type, `es-${index}`, {
          metadata: { namespace: each.namespace },
          spec: { target: { name: each.name } },
        }),
      );
      const sources = kubernetesSourcesIn({ resources, notAnalysed: [] });
      const answers = sources.map((each) => ({ each, match: writes(each, valueOf(name), valueOf(namespace)) }));
      const found = new KubernetesSourceIndex(sources).find(valueOf(name), valueOf(namespace));
      expect(found).toEqual({
        certain: answers.filter(({ match }) => match === 'yes').map(({ each }) => each),
        possible: answers
          .filter(({ match }) => match === 'unknown')
          .slice(0, 1)
          .map(({ each }) => each),
      });
    }),
    { numRuns: 2_000 },
  );
});
