import { at } from '@keyturn/resources';
import { externalSecretTypes } from '../graph/kubernetes-sources.js';
import { definePolicy, fail, isOfType, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

export const k8sRotatedSecretImmutable = definePolicy({
  facts: {
    id: 'k8s-rotated-secret-immutable',
    summary: 'Disallow Secrets that are rotated and cannot be changed',
    severity: 'high',
    breaks: 'The new password cannot be written: the rotation is done in the database and not in the cluster.',
    fix: 'Remove `immutable`, or give every version a Secret of its own.',
  },
  types: ['kubernetes:core/v1:Secret', ...externalSecretTypes],
  needs: 'graph',
  check({ resource, graph }) {
    if (isOfType(resource.type, externalSecretTypes)) {
      const isSource = graph.isKubernetesSource(resource);
      const immutable = truthOf(at(resource.properties, 'spec', 'target', 'immutable'));
      if (!isSource || immutable === 'off' || immutable === 'absent') return pass;
      return immutable === 'unknown'
        ? notKnown(resource, 'whether its Secret can be changed', 'spec.target.immutable')
        : fail(
            `ExternalSecret ${resource.name} writes a Secret again that it made immutable.`,
            'spec.target.immutable',
            at(resource.properties, 'spec', 'target', 'immutable'),
          );
    }
    const immutable = truthOf(at(resource.properties, 'immutable'));
    if (immutable === 'off' || immutable === 'absent') return pass;
    const metadata = at(resource.properties, 'metadata');
    const sources = graph.sourcesOf(at(metadata, 'name'), at(metadata, 'namespace'));
    const [source] = sources.certain;
    if (source && immutable === 'on') {
      const by = source.by === resource ? 'keyturn' : source.title;
      return fail(
        `Secret ${resource.name} is immutable, and ${by} writes it again.`,
        'immutable',
        at(resource.properties, 'immutable'),
      );
    }
    const open =
      source !== undefined ||
      sources.possible.length > 0 ||
      metadata.kind === 'unknown' ||
      at(metadata, 'annotations').kind === 'unknown';
    return open ? notKnown(resource, 'whether it is immutable and rotated', 'immutable') : pass;
  },
});
