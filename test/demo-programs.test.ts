import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { evaluate } from '@keyturn/policies';
import { type Recording, recordProgram } from '@keyturn/recorder';
import { leaves } from '@keyturn/resources';
import { beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const folder = (name: string): string => path.join(root, 'examples/demo', name, 'infra');
const recordings = new Map<string, Recording>();

beforeAll(async () => {
  for (const name of ['before', 'after']) recordings.set(name, await recordProgram({ directory: folder(name) }));
});

function recordingOf(name: string): Recording {
  const recording = recordings.get(name);
  if (!recording) throw new Error(`${name} was not recorded`);
  return recording;
}

/** What stands where a finding points. */
function lineAt(name: string, line: number): string {
  return (
    readFileSync(path.join(folder(name), 'index.ts'), 'utf8')
      .split('\n')
      [line - 1]?.trim() ?? ''
  );
}

describe("the demo's programs", () => {
  it.each([
    { name: 'before', notAnalysed: [] },
    // `ready` of a component waits for the ids of what it makes.
    { name: 'after', notAnalysed: ['1 apply callback'] },
  ])('run to their end without asking anything of the network ($name)', ({ name, notAnalysed: expected }) => {
    const { ended, reason, refused, notAnalysed, resources } = recordingOf(name);

    expect({ ended, reason, refused, notAnalysed: notAnalysed.map(({ what }) => what) }).toEqual({
      ended: 'complete',
      reason: undefined,
      refused: [],
      notAnalysed: expected,
    });
    expect(resources.length).toBeGreaterThan(5);
  });

  it.each(['before', 'after'])('have no type error (%s)', (name) => {
    execFileSync('npx', ['--no-install', 'tsc', '-p', folder(name)], { cwd: root, stdio: 'pipe' });
  });

  it('show, before, every kind of finding at the line that has to change', () => {
    const { findings } = evaluate(recordingOf('before'));

    expect(findings.map(({ rule, place }) => `${rule}: ${lineAt('before', place.line)}`)).toEqual([
      "no-hardcoded-password: const role = new postgresql.Role('shop', {",
      "require-rotation-schedule: const secret = new aws.secretsmanager.Secret('database', { name: 'shop/database' });",
      "no-hardcoded-password: new aws.secretsmanager.SecretVersion('database', {",
      'require-secret-refresh: new kubernetes.apps.v1.Deployment(',
    ]);
  });

  it('have, after, nothing left to find or to leave undecided', () => {
    expect(evaluate(recordingOf('after'), { preset: 'strict' })).toEqual({ findings: [], undecided: [] });
  });

  it('hold, after, no password: nothing that is secret, and no property of that name', () => {
    const held = recordingOf('after').resources.flatMap(({ name, properties }) =>
      [...leaves(properties)]
        .filter(({ path: at, value }) => value.secret || /password/i.test(String(at.at(-1))))
        .map(({ path: at }) => `${name}: ${at.join('.')}`),
    );

    expect(held).toEqual([]);
  });

  it('make, after, both users in the same way and before anything rotates them', () => {
    const { resources } = recordingOf('after');
    const byName = (name: string) => resources.find((resource) => resource.name === name);
    const [a, b] = [byName('shop-user-a'), byName('shop-user-b')];

    expect(a?.ignoreChanges).toEqual(['password', 'login', 'validUntil']);
    expect(b?.ignoreChanges).toEqual(a?.ignoreChanges);
    const rotation = resources.find(({ type }) => type === 'aws:secretsmanager/secretRotation:SecretRotation');
    expect(rotation?.dependencies).toEqual(expect.arrayContaining([a?.urn, b?.urn]));
  });
});
