import { mkdtempSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { mountedFiles } from './mounted-files.js';

let folder = '';
let versions = 0;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'keyturn-mounted-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the kubelet does: a new folder, then one rename of the link. */
function mount(files: Readonly<Record<string, string>>): void {
  versions += 1;
  const version = `..2026_${versions}`;
  mkdirSync(path.join(folder, version));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, version, name), text);
  symlinkSync(version, path.join(folder, '..data_tmp'));
  renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  for (const name of Object.keys(files)) {
    rmSync(path.join(folder, name), { force: true });
    symlinkSync(path.join('..data', name), path.join(folder, name));
  }
}

describe('mounted files', () => {
  it('give user and password of one version, and the next one after the link was swapped', async () => {
    mount({ username: 'app_a\n', password: ' one ', generation: '4' });
    const source = mountedFiles({ folder });
    expect(await source.read()).toEqual({ user: 'app_a', password: ' one ', generation: 4 });
    let stop = (): void => undefined;
    const announced = new Promise<void>((resolve) => {
      stop = mountedFiles({ folder, pollMillis: 50 }).watch?.(resolve) ?? stop;
    });
    mount({ username: 'app_b', password: 'two', generation: '5' });
    await announced;
    stop();
    expect(await source.read()).toEqual({ user: 'app_b', password: 'two', generation: 5 });
  });

  it('give what components deliver as previous, and nothing where there is none', async () => {
    mount({ username: 'app_a', password: 'one', generation: '4' });
    const source = mountedFiles({ folder });
    expect(await source.readPrevious?.()).toBeUndefined();
    const previous = { 'previous-username': 'app_a', 'previous-password': 'one', 'previous-generation': '4' };
    mount({ username: 'app_b', password: 'two', generation: '5', ...previous });
    expect(await source.read()).toEqual({ user: 'app_b', password: 'two', generation: 5 });
    expect(await source.readPrevious?.()).toEqual({ user: 'app_a', password: 'one', generation: 4 });
  });

  it('count each change as a generation when there is no file for it', async () => {
    mount({ username: 'app_a', password: 'one' });
    const source = mountedFiles({ folder });
    expect([(await source.read()).generation, (await source.read()).generation]).toEqual([1, 1]);
    mount({ username: 'app_b', password: 'two' });
    expect((await source.read()).generation).toBe(2);
  });

  it.each([
    ['no user', { password: 'x' }, 'has no file username; mount a Secret with that key, or name another file.'],
    ['an empty password', { username: 'app_a', password: '' }, 'has an empty file password;'],
    ['a generation in words', { username: 'a', password: 'hunter2', generation: 'four' }, 'must hold a whole number.'],
  ])('say what is wrong: %s', async (_name, files, message) => {
    mount(files);
    const error = await mountedFiles({ folder })
      .read()
      .catch((caught: unknown) => caught as Error);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('hunter2');
  });
});
