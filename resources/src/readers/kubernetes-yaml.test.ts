import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { at, text } from '../value.js';
import { readKubernetesYaml } from './kubernetes-yaml.js';

const read = (source: string) => readKubernetesYaml(source, { file: 'app.yaml' });

const manifests = `# the shop
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
stringData:
  password: hunter2
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
---
# nothing but a comment
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: settings }
`;

describe('Kubernetes manifests', () => {
  it('become resources with types, names and lines, across documents and lists', () => {
    expect(read(manifests).resources.map(({ type, name, place }) => [type, name, place?.line])).toEqual([
      ['kubernetes:core/v1:Secret', 'db', 2],
      ['kubernetes:apps/v1:Deployment', 'web', 10],
      ['kubernetes:core/v1:ConfigMap', 'settings', 21],
    ]);
  });

  it('know the line of every value, and that entries of a Secret are secret', () => {
    const password = at(read(manifests).resources[0]?.properties ?? { kind: 'absent' }, 'stringData', 'password');
    expect(password).toMatchObject({ secret: true, place: { file: 'app.yaml', line: 8, column: 3 } });
  });

  it('follow anchors and merge keys', () => {
    const source = `apiVersion: v1
kind: ConfigMap
metadata: { name: a }
base: &base { a: 1, b: 2 }
data: { <<: *base, b: 3 }
again: *base
`;
    const properties = read(source).resources[0]?.properties ?? { kind: 'absent' };
    expect(at(properties, 'data', 'a')).toMatchObject({ value: 1 });
    expect(at(properties, 'data', 'b')).toMatchObject({ value: 3 });
    expect(at(properties, 'again', 'b')).toMatchObject({ value: 2 });
  });

  it('say which document is no YAML, and read the others', () => {
    const model = read(`${manifests}---\nmetadata:\n  name: {{ .Release.Name }}-db: x\n`);
    expect(model.resources).toHaveLength(3);
    expect(model.notAnalysed).toEqual([
      {
        what: 'document 5 of app.yaml',
        because: expect.stringContaining('helm template') as string,
        place: expect.objectContaining({ file: 'app.yaml', line: 26 }) as object,
      },
    ]);
  });

  it('leave out what is no manifest', () => {
    expect(read('just: some\nyaml: file\n')).toEqual({ resources: [], notAnalysed: [] });
    expect(read('')).toEqual({ resources: [], notAnalysed: [] });
  });

  it('read what stands beside a key that is no text', () => {
    const strange = 'apiVersion: v1\nkind: Secret\n? <<: *b\n? [a, b]\n: c\n? &k name\n: d\n*k : e\n';
    expect(read(strange).resources.map(({ type }) => type)).toEqual(['kubernetes:core/v1:Secret']);
  });

  it('end, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a: &a [*a]\n',
      '---\n',
      'kind: X\n',
      'apiVersion: v1\n',
      '- ',
      '{',
      '}',
      '\t',
      ': ',
      '"',
      '<<: *b\n',
      '&b ',
      '!!binary x\n',
      '? ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 20 }), (parts) => {
        const model = read(parts.join(''));
        for (const resource of model.resources) expect(text(at(resource.properties, 'kind'))).toBeDefined();
      }),
      { numRuns: 500, examples: [[['? ', '<<: *b\n']]] },
    );
  });
});
