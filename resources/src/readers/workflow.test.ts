import { describe, expect, it } from 'vitest';
import { at, text } from '../value.js';
import { readWorkflow } from './workflow.js';

const read = (source: string) => readWorkflow(source, { file: 'ci.yml' });
const alter = `psql -c "ALTER USER app PASSWORD '$NEW'"`;

const github = `env:
  A: 1
jobs:
  test:
    container: { image: node, env: { B: b } }
    services:
      db: { image: postgres, env: { POSTGRES_PASSWORD: c } }
    env:
      D: \${{ secrets.D }}
    steps:
      - run: |
          echo hello
          ${alter}
      - name: migrate
        env: { E: "\${{ secrets.E || 'e' }}" }
        run: ${alter}
`;

const gitlab = `variables:
  POSTGRES_PASSWORD: a
  OTHER: { value: b, description: c }
default:
  services: [registry.example/postgres:16]
test:
  variables: { D: d }
  script:
    - echo hello
    - ${alter}
deploy:
  services: []
  variables: { E: e }
`;

describe('readWorkflow', () => {
  it('reads what a workflow of GitHub sets, with the services beside it', () => {
    const scopes = read(github).resources.filter(({ type }) => type === 'ci:pipeline:Scope');
    expect(scopes.map(({ name, place }) => [name, place?.line])).toEqual([
      ['workflow', 1],
      ['test', 4],
      ['test: migrate', 14],
    ]);
    const [workflow, job, step] = scopes.map(({ properties }) => properties);
    expect(workflow && at(workflow, 'env', 'A')).toMatchObject({ value: 1, place: { line: 2 } });
    expect(job && at(job, 'env', 'D')).toMatchObject({ kind: 'unknown', provenance: { name: 'secrets.D' } });
    expect(job && text(at(job, 'container', 'env', 'B'))).toBe('b');
    expect(step && at(step, 'env', 'E')).toMatchObject({ kind: 'unknown', fallback: { text: 'e' } });
    for (const scope of [workflow, job, step])
      expect(scope && text(at(scope, 'services', 'db', 'env', 'POSTGRES_PASSWORD'))).toBe('c');
  });

  it('reads what a pipeline of GitLab sets; a service takes the variables that begin with its name', () => {
    const scopes = read(gitlab).resources.filter(({ type }) => type === 'ci:pipeline:Scope');
    expect(scopes.map(({ name }) => name)).toEqual(['pipeline', 'test', 'deploy']);
    const [pipeline, test, deploy] = scopes.map(({ properties }) => properties);
    expect(pipeline && text(at(pipeline, 'variables', 'OTHER'))).toBe('b');
    expect(test && text(at(test, 'services', '1', 'env', 'POSTGRES_PASSWORD'))).toBe('a');
    expect(test && at(test, 'services', '1', 'env', 'OTHER').kind).toBe('absent');
    expect(deploy && at(deploy, 'services')).toMatchObject({ fields: new Map() });
  });

  it('finds statements at their line, and says whether services run beside them', () => {
    for (const [source, statements] of [
      [
        github,
        [
          [13, true],
          [16, true],
        ],
      ],
      [gitlab, [[10, true]]],
      [gitlab.replace('default:', 'x-default:'), [[10, false]]],
    ] as const) {
      const found = read(source).resources.filter(({ type }) => type === 'shell:script:Statement');
      expect(found.map(({ place, properties }) => [place?.line, at(properties, 'besideServices')])).toMatchObject(
        statements.map(([line, value]) => [line, { value }]),
      );
    }
  });

  it.each(['default', 'pages', '.hidden', 'test'])('finds statements of GitLab under %s', (key) => {
    const source = `${key}:\n  before_script:\n    - ${alter}\n  script:\n    - - ${alter}\n`;
    const found = read(source).resources.filter(({ type }) => type === 'shell:script:Statement');
    expect(found.map(({ place }) => place?.line)).toEqual([5, 3]);
  });

  it.each([
    { written: '${{ secrets.A }}', is: { provenance: { kind: 'environment', name: 'secrets.A' } } },
    { written: '${{ secrets.A || github.token }}', is: { provenance: { kind: 'environment', name: 'secrets.A' } } },
    { written: "${{ steps.a.outputs['b'] }}", is: { provenance: { kind: 'environment' } } },
    {
      written: "${{ secrets.A || inputs.b || 'it''s' }}",
      is: { fallback: { text: "it's", variables: [{ name: 'A' }] } },
    },
    { written: "${{ inputs.a && 'b' }}", is: { provenance: { kind: 'unknown' } } },
    { written: 'a-${{ inputs.a }}', is: { kind: 'known' } },
  ])('takes an expression for what is not known: $written', ({ written, is }) => {
    const [scope] = read(`jobs: {}\nenv:\n  A: ${JSON.stringify(written)}\n`).resources;
    expect(scope && at(scope.properties, 'env', 'A')).toMatchObject(is);
  });

  it('says what is no YAML', () => {
    expect(read('a: [').notAnalysed).toHaveLength(1);
  });

  it.each([
    '',
    '- a',
    'jobs: 3',
    'jobs: { a: 1, b: { steps: 2, services: 3, env: 4 } }',
    'test: { services: 1, script: 2 }',
    'variables: 1',
  ])('finds little in %j, and ends', (source) => {
    const { resources, notAnalysed } = read(source);
    expect(notAnalysed).toEqual([]);
    expect(resources.length).toBeLessThan(2);
  });
});
