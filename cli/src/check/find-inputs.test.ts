import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

let world: World | undefined;
afterEach(() => {
  if (world) for (const name of ['closed', 'listed']) chmodSync(path.join(world.folder, name), 0o700);
  world?.remove();
  world = undefined;
});

const env = 'DB_PASSWORD=c4n4ry-Xq7\n';
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Root may read everything, so it becomes nobody. */
const asNobody =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
    : [process.execPath];

describe('folders that may not be read', { timeout: 300_000 }, () => {
  it('are said, each, and hide nothing of what is beside them', ({ skip }) => {
    const [command = '', ...args] = asNobody;
    if (spawnSync(command, [...args, main, '--version']).status !== 0)
      skip('NOT RUN: there is no user here that may run keyturn and may not read everything');
    world = makeWorld({ 'open/.env': env, 'closed/.env': env, 'listed/a.ts': 'export {};\n' });
    chmodSync(world.folder, 0o755);
    chmodSync(path.join(world.folder, 'closed'), 0o000);
    chmodSync(path.join(world.folder, 'listed'), 0o000);
    const { stdout, status } = spawnSync(command, [...args, main, 'check', '--format', 'json'], {
      cwd: world.folder,
      encoding: 'utf8',
    });
    const { findings, notAnalysed } = JSON.parse(stdout) as JsonReport;
    expect(findings.map(({ place }) => place.file)).toEqual(['open/.env']);
    expect(notAnalysed.map(({ what, because, extent }) => [what, because, extent]).sort()).toEqual(
      ['closed', 'listed'].map((name) => [name, 'it cannot be read (EACCES)', 'whole']),
    );
    expect(status).toBe(3);
  });
});

describe('folders of any name', { timeout: 300_000 }, () => {
  it.each(['a b', `q'"uote`, 'ünï-日本', 'br[ack]et*{x}', '(a)!b', '$HOME'])('are read: %j', async (name) => {
    const odd = makeWorld({ [`${name}/.env`]: env, [`${name}/${name}/compose.yaml`]: 'services: {}\n' });
    try {
      for (const args of [[], [name], [`${name}/.env`, `${name}/${name}`]]) {
        const { code, out } = await odd.keyturn('check', '--format', 'json', ...args);
        const { findings, looked } = JSON.parse(out) as JsonReport;
        expect([code, looked.otherFiles]).toEqual([1, 2]);
        expect(findings.map(({ place }) => place)).toEqual([{ file: `${name}/.env`, line: 1 }]);
      }
      for (const format of ['pretty', 'github', 'junit', 'markdown', 'sarif'])
        expect((await odd.keyturn('check', '--format', format)).out).not.toContain('c4n4ry');
    } finally {
      odd.remove();
    }
  });

  it('are said where a line break keeps them from being found, and are read by their name', async () => {
    const odd = makeWorld({ 'a.ts': 'export {};\n', 'new\nline/.env': env });
    try {
      const found = await odd.keyturn('check', '--format', 'json');
      expect(found.code).toBe(3);
      expect((JSON.parse(found.out) as JsonReport).notAnalysed).toMatchObject([
        { because: expect.stringMatching(/line break/) as string, extent: 'whole' },
      ]);
      for (const format of ['pretty', 'github']) {
        const { code, out } = await odd.keyturn('check', 'new\nline', '--format', format);
        expect(code).toBe(1);
        expect(out).not.toMatch(/new\nline|c4n4ry/);
      }
    } finally {
      odd.remove();
    }
  });
});
