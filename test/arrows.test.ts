import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '..');

/** What each room may import of ours at run time. Data flows one way. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  plan: [],
  resources: [],
  findings: [],
  services: [],
  rotation: ['plan'],
  pool: ['plan'],
  components: ['plan'],
  recorder: ['resources'],
  policies: ['plan', 'resources', 'findings'],
  'lint-rules': ['findings', 'resources', 'policies'],
  rehearsal: ['plan', 'rotation', 'services'],
  cli: [
    'plan',
    'resources',
    'findings',
    'services',
    'rotation',
    'recorder',
    'policies',
    'lint-rules',
    'rehearsal',
    'pool',
  ],
};

interface Package {
  readonly name: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const packageOf = (folder: string): Package =>
  JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Package;

const rooms = Object.keys(arrows);
const roomOf = new Map(rooms.map((room) => [packageOf(room).name, room]));

describe('arrows between rooms', () => {
  it('names every room that is a package', () => {
    const workspaces = (packageOf('.').workspaces ?? []).filter((folder) => !folder.startsWith('examples'));
    expect([...workspaces].sort()).toEqual([...rooms].sort());
  });

  it.each(rooms)('%s depends on nothing that it may not import', (room) => {
    const { dependencies, peerDependencies } = packageOf(room);
    const ours = Object.keys({ ...dependencies, ...peerDependencies }).flatMap((name) => roomOf.get(name) ?? []);
    expect(ours.filter((other) => !arrows[room]?.includes(other))).toEqual([]);
  });
});
