import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

let world: World | undefined;
afterEach(() => world?.remove());

async function checkJson(files: Readonly<Record<string, string>>, ...args: string[]) {
  world = makeWorld(files);
  const { code, out } = await world.keyturn('check', '--format', 'json', ...args);
  return { code, report: JSON.parse(out) as JsonReport };
}

const yamlProgram = `name: shop
runtime: yaml
resources:
  db:
    type: aws:rds:Instance
    properties:
      instanceClass: db.t3.micro
      username: shop
      password: c4n4ry-Xq7
`;
const state = (key: string, place?: string) => ({
  urn: 'urn:pulumi:dev::shop::vault:database/secretBackendStaticRole:SecretBackendStaticRole::db',
  type: 'vault:database/secretBackendStaticRole:SecretBackendStaticRole',
  custom: true,
  [key]: { backend: 'database', dbName: 'shop', username: 'shop', rotationPeriod: 31536000 },
  ...(place === undefined ? {} : { sourcePosition: `project:///${place}#3,7` }),
});
const exported = (place?: string) =>
  JSON.stringify({ version: 3, deployment: { manifest: {}, resources: [state('inputs', place)] } });

const exportOf = (...resources: readonly string[]) =>
  `{"version":3,"deployment":{"resources":[${resources.join(',')}]}}`;
const deeply = (type: string) =>
  `{"urn":"urn:pulumi:dev::shop::${type}::db","type":"${type}","inputs":{"password":${'['.repeat(200_000)}"c4n4ry"${']'.repeat(200_000)}}}`;

describe('Pulumi YAML programs', () => {
  it('are read without being run, with the lines of their values', async () => {
    const { code, report } = await checkJson({ 'Pulumi.yaml': yamlProgram });
    expect(code).toBe(1);
    expect(report.findings.map(({ rule, place }) => [rule, place.file, place.line])).toContainEqual([
      'no-hardcoded-password',
      'Pulumi.yaml',
      9,
    ]);
    expect(JSON.stringify(report)).not.toContain('c4n4ry');
  });

  it('that are none are not clean', async () => {
    expect((await checkJson({ 'Pulumi.yaml': 'name: shop\nruntime: yaml\nresources: 7\n' })).code).toBe(3);
  });
});

describe('what Pulumi printed', () => {
  it('is read when it is named, and not found in a folder', async () => {
    const { code, report } = await checkJson(
      { 'state.json': exported(), 'a.ts': 'export {};' },
      '--fail-on',
      'medium',
      'state.json',
    );
    expect(code).toBe(1);
    expect(report.findings.map(({ rule, place }) => [rule, place])).toContainEqual([
      'vault-static-role-no-rotation',
      { file: 'state.json', line: 1 },
    ]);
    world?.remove();
    expect((await checkJson({ 'state.json': exported(), 'a.ts': 'export {};' })).code).toBe(0);
  });

  it('is read where nothing is known of a type, or of a state but its URN', async () => {
    const odd = [
      '"type":"foo:bar:Baz","inputs":{"password":"c4n4ry"}',
      '"type":9,"inputs":[1],"propertyDependencies":[3]',
    ];
    const text = exportOf(...odd.map((rest) => `{"urn":"urn:pulumi:dev::shop::foo:bar:Baz::a",${rest}}`));
    const { code, report } = await checkJson({ 'state.json': text }, 'state.json');
    expect(code).toBe(0);
    expect(report.looked.resources).toBe(2);
    expect(JSON.stringify(report)).not.toContain('c4n4ry');
  });

  it('points at the program where that is at hand', async () => {
    const files = { 'infra/state.json': exported('index.ts'), 'infra/index.ts': 'export {};\n\n\n' };
    const { report } = await checkJson(files, 'infra/state.json');
    expect(report.findings.find(({ rule }) => rule === 'vault-static-role-no-rotation')?.place).toMatchObject({
      file: 'infra/index.ts',
      line: 3,
    });
  });

  it.each([
    ['nothing', '', /not valid JSON/],
    [
      'a preview that was cut off',
      '{"steps":[{"op":"create","urn":"urn:pu',
      /not valid JSON; it may have been cut off/,
    ],
    ['another JSON', '{"a":1}', /neither .*pulumi preview/],
    ['a list', '[]', /neither .*pulumi preview/],
    ['null', 'null', /neither .*pulumi preview/],
    ['a text', '"a"', /neither .*pulumi preview/],
    [
      'JSON that is nested without end',
      `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
      /neither .*pulumi preview|nested too deeply/,
    ],
    ['a resource that is nested without end', exportOf(deeply('aws:rds/instance:Instance')), /nested too deeply/],
    ['resources that are no list', '{"version":3,"deployment":{"resources":{"a":1}}}', /"resources" is no list/],
    ['resources that are none', exportOf('7', 'null', '{"urn":"x"}', '{}'), /no object with a URN/],
    ['steps that are none', '{"steps":[7,{"op":"create","newState":{"urn":5}}]}', /no object with a URN/],
    ['a deployment that is none', '{"version":3,"deployment":7}', /pulumi/],
  ])('gives exit code 3 for %s, with a reason', async (_name, text, because) => {
    const { code, report } = await checkJson({ 'state.json': text }, 'state.json');
    expect(code).toBe(3);
    expect(report.notAnalysed[0]?.because).toMatch(because);
  });
});
