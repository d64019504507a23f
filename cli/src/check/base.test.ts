import { execFileSync } from 'node:child_process';

import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const pool = (name: string) =>
  `export const ${name} = new Pool({ host: 'db', user: '${name}', password: 'c4n4ry-Xq7' });\n`;
const head = "import { Pool } from 'pg';\n";

let world: World | undefined;
afterEach(() => world?.remove());

function repository(): { world: World; git: (...args: string[]) => string } {
  const made = makeWorld({ 'a.ts': head + pool('one') });
  world = made;
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', made.folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      encoding: 'utf8',
    });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  return { world: made, git };
}

describe('--base', () => {
  it('reports what is new, though lines moved, and leaves no checkout behind', async () => {
    const { world, git } = repository();
    expect((await world.keyturn('check', '--base', 'HEAD')).code).toBe(0);
    world.write({ 'a.ts': `\n${head}${pool('one')}`, 'b.ts': head + pool('two') });
    const { code, out } = await world.keyturn('check', '--base', 'HEAD', '--format', 'json');
    const { findings } = JSON.parse(out) as JsonReport;
    expect(code).toBe(1);
    expect([...new Set(findings.map(({ place }) => place.file))]).toEqual(['b.ts']);
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1);
  });

  it('refuses a ref that is not there', async () => {
    const { code, err } = await repository().world.keyturn('check', '--base', '--upload-pack=x');
    expect(err).toMatch(/^error: There is no commit "--upload-pack=x"/);
    expect(code).toBe(2);
  });
});
