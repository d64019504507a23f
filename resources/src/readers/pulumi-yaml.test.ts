import { describe, expect, it } from 'vitest';
import { at } from '../value.js';
import { readPulumiYaml, tokenOf } from './pulumi-yaml.js';

const program = `name: shop
runtime: yaml
config:
  password: { type: string, secret: true }
  region: { type: string }
variables:
  stored:
    fn::invoke: { function: aws:secretsmanager:getSecretVersion, arguments: { secretId: db } }
resources:
  generated:
    type: random:RandomPassword
    properties: { length: 24 }
  secret:
    type: aws:secretsmanager:Secret
    properties: { name: db }
  version:
    type: aws:secretsmanager:SecretVersion
    properties:
      secretId: \${secret.id}
      secretString:
        fn::toJSON: { username: app, password: "\${generated.result}" }
    options: { ignoreChanges: [secretString], dependsOn: ["\${generated}"] }
  db:
    type: aws:rds:Instance
    properties:
      password: \${password}
      identifier: shop-\${region}
      snapshot: \${stored.secretString}
      plain:
        fn::secret: hunter2
`;

const model = readPulumiYaml(program, { file: 'Pulumi.yaml' });
const find = (name: string) => model.resources.find((resource) => resource.name === name);
const property = (name: string, ...path: string[]) => at(find(name)?.properties ?? { kind: 'absent' }, ...path);

describe('a Pulumi YAML program', () => {
  it('gives resources with full tokens and lines', () => {
    expect(model.resources.map(({ type, name, place }) => [type, name, place?.line])).toEqual([
      ['random:index/randomPassword:RandomPassword', 'generated', 10],
      ['aws:secretsmanager/secret:Secret', 'secret', 13],
      ['aws:secretsmanager/secretVersion:SecretVersion', 'version', 16],
      ['aws:rds/instance:Instance', 'db', 23],
    ]);
  });

  it('knows what outputs are made from', () => {
    expect(property('version', 'secretId')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'resource-output', urns: [find('secret')?.urn] },
    });
    expect(find('version')?.propertyDependencies.get('secretString')).toEqual([find('generated')?.urn]);
    expect(find('version')).toMatchObject({ ignoreChanges: ['secretString'] });
  });

  it('tells configuration, functions and literals apart', () => {
    expect(property('db', 'password')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'secret-config', key: 'password' },
    });
    expect(property('db', 'identifier')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'plain-config', key: 'region' },
    });
    expect(property('db', 'snapshot')).toMatchObject({
      kind: 'unknown',
      provenance: { kind: 'fetched-at-deploy', token: 'aws:secretsmanager/getSecretVersion:getSecretVersion' },
    });
    expect(property('db', 'plain')).toMatchObject({
      kind: 'known',
      value: 'hunter2',
      secret: true,
      provenance: { kind: 'literal' },
    });
  });

  it('is not analysed when it is none', () => {
    expect(readPulumiYaml('name: shop\n', { file: 'a' }).notAnalysed).toEqual([
      { what: 'a', because: 'it declares no resources' },
    ]);
    expect(readPulumiYaml('a: [', { file: 'a' }).notAnalysed[0]?.because).toMatch(/^it is not valid YAML/);
  });
});

it.each([
  ['aws:rds:Instance', 'aws:rds/instance:Instance'],
  ['aws:rds/instance:Instance', 'aws:rds/instance:Instance'],
  ['postgresql:Role', 'postgresql:index/role:Role'],
  ['kubernetes:core/v1:Secret', 'kubernetes:core/v1:Secret'],
  ['azure-native:keyvault:Secret', 'azure-native:keyvault:Secret'],
  ['pulumi:providers:aws', 'pulumi:providers:aws'],
])('%s is %s', (written, token) => {
  expect(tokenOf(written)).toBe(token);
});
