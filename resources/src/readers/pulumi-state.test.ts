import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { leaves } from '../value.js';
import { fromPreviewJson } from './preview-json.js';
import { PulumiStateError } from './pulumi-state.js';
import { fromStackExport } from './stack-export.js';

const urn = (type: string, name: string): string => `urn:pulumi:dev::shop::${type}::${name}`;
const stack = { urn: urn('pulumi:pulumi:Stack', 'shop-dev'), type: 'pulumi:pulumi:Stack' };
const random = urn('random:index/randomPassword:RandomPassword', 'password');
const secret = '4dabf18193072939515e22adb298388d';
const signature = '1b47061264138c4ac30d75fd1eb44270';
const database = {
  urn: urn('aws:rds/instance:Instance', 'db'),
  type: 'aws:rds/instance:Instance',
  custom: true,
  parent: stack.urn,
  inputs: {
    __defaults: ['name'],
    username: 'app',
    password: '[secret]',
    port: 5432,
    address: '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
    tags: { __defaults: [], owner: 'team' },
  },
  dependencies: [random],
  propertyDependencies: { password: [random], address: [urn('aws:ec2/subnet:Subnet', 'a')] },
  sourcePosition: 'project:///node_modules/@acme/db/index.js#4,2',
  stackTrace: [
    { sourcePosition: 'project:///node_modules/@acme/db/index.js#4,2' },
    { sourcePosition: 'project:///src/my%20db.ts#12,34' },
  ],
};

describe('pulumi preview --json', () => {
  const preview = {
    steps: [
      { op: 'create', urn: stack.urn, newState: stack },
      { op: 'create', urn: database.urn, newState: database },
      { op: 'delete', urn: urn('aws:s3/bucket:Bucket', 'old'), oldState: { urn: urn('aws:s3/bucket:Bucket', 'old') } },
    ],
    changeSummary: { create: 2, delete: 1 },
  };

  it('becomes resources with places, hidden values and what they were made from', () => {
    const { resources, notAnalysed } = fromPreviewJson(JSON.stringify(preview));
    expect(notAnalysed).toEqual([]);
    expect(resources).toHaveLength(1);
    expect(resources[0]).toMatchObject({
      name: 'db',
      type: 'aws:rds/instance:Instance',
      custom: true,
      place: { file: 'src/my db.ts', line: 12, column: 34 },
      dependencies: [random],
    });
    expect(resources[0]?.parent).toBeUndefined();
    expect(Object.fromEntries(resources[0]?.properties.fields ?? [])).toEqual({
      username: { kind: 'known', value: 'app', secret: false, provenance: { kind: 'unknown' } },
      password: {
        kind: 'unknown',
        because: 'it is hidden',
        secret: true,
        provenance: { kind: 'generated', urn: random },
      },
      port: { kind: 'known', value: 5432, secret: false, provenance: { kind: 'unknown' } },
      address: {
        kind: 'unknown',
        because: 'it is only known during the deployment',
        secret: false,
        provenance: { kind: 'resource-output', urns: [urn('aws:ec2/subnet:Subnet', 'a')] },
      },
      tags: {
        kind: 'object',
        secret: false,
        provenance: { kind: 'unknown' },
        fields: new Map([['owner', { kind: 'known', value: 'team', secret: false, provenance: { kind: 'unknown' } }]]),
      },
    });
  });

  it.each([
    { name: 'leaves unchanged resources out', changes: { changeSummary: { same: 3 } }, what: '3 unchanged resources' },
    {
      name: 'ended with an error',
      changes: { diagnostics: [{ severity: 'error', message: 'x' }] },
      what: 'the rest of the stack',
    },
  ])('says when it $name', ({ changes, what }) => {
    expect(fromPreviewJson(JSON.stringify({ ...preview, ...changes })).notAnalysed).toMatchObject([{ what }]);
  });

  it('is refused when it is something else', () => {
    const says = (text: string) => () => fromPreviewJson(text);
    expect(says('{ "password": "correct-horse" }')).toThrow(
      'There are no "steps" in this JSON. Give what `pulumi preview --json --show-sames` prints.',
    );
    expect(says('correct-horse')).toThrow('This is not JSON. Give what `pulumi preview --json --show-sames` prints.');
    expect(says('[]')).toThrow('This JSON is no object. Give what `pulumi preview --json --show-sames` prints.');
    expect(says('{ "steps": 3 }')).toThrow(PulumiStateError);
  });
});

describe('pulumi stack export', () => {
  const state = {
    version: 3,
    deployment: {
      resources: [
        stack,
        {
          ...database,
          inputs: {
            password: { [secret]: signature, ciphertext: 'v1:abc' },
            token: { [secret]: signature, plaintext: '"correct-horse"' },
          },
        },
        { ...database, urn: urn('aws:rds/instance:Instance', 'gone'), delete: true },
      ],
    },
  };

  it('becomes resources; what is encrypted stays unknown, what is shown is a secret', () => {
    const { resources, notAnalysed } = fromStackExport(JSON.stringify(state));
    expect(notAnalysed).toEqual([]);
    expect(resources.map(({ name }) => name)).toEqual(['db']);
    expect(Object.fromEntries(resources[0]?.properties.fields ?? [])).toMatchObject({
      password: { kind: 'unknown', because: 'it is encrypted', secret: true },
      token: { kind: 'known', value: 'correct-horse', secret: true },
    });
  });

  it('says that a deployment was interrupted', () => {
    const deployment = { ...state.deployment, pending_operations: [{ type: 'creating' }] };
    expect(fromStackExport(JSON.stringify({ ...state, deployment })).notAnalysed).toMatchObject([
      { what: '1 pending operation' },
    ]);
  });

  it('is refused when it is something else', () => {
    expect(() => fromStackExport('{}')).toThrow(
      'There is no "deployment" in this JSON. Give what `pulumi stack export` prints.',
    );
    expect(() => fromStackExport('{"version":2,"deployment":{}}')).toThrow(
      'The state has version 2, and 3 and 4 can be read. Export it with a current Pulumi.',
    );
  });

  it('never fails on a damaged state in any way but its own', () => {
    const text = JSON.stringify(state);
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.string(),
        fc.constantFrom(fromStackExport, fromPreviewJson),
        (position, junk, read) => {
          try {
            for (const { properties } of read(text.slice(0, position) + junk + text.slice(position + 1)).resources)
              for (const leaf of leaves(properties)) expect(leaf).toBeDefined();
          } catch (error) {
            expect(error).toBeInstanceOf(PulumiStateError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads any JSON object without failing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (inputs) => {
        const resources = [
          { urn: 'urn:pulumi:dev::shop::a:b:C::d', inputs, stackTrace: inputs, propertyDependencies: inputs },
        ];
        fromStackExport(JSON.stringify({ version: 3, deployment: { resources } }));
      }),
    );
  });
});
