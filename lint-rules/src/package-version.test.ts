import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { majorOf } from './package-version.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'package-version-'));
  mkdirSync(path.join(cwd, 'app/src'), { recursive: true });
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const manifest = (text: string, folder = '.') => writeFileSync(path.join(cwd, folder, 'package.json'), text);
const major = (...packages: string[]) => majorOf({ cwd, filename: path.join(cwd, 'app/src/db.ts') }, packages);

describe('the major version that a project asks for', () => {
  it.each([
    ['6', 6],
    ['6.x', 6],
    ['^6.4.0', 6],
    ['~6.1', 6],
    ['=6.4.0', 6],
    ['6.0.0-rc.1', 6],
    ['>=6.2.0 <7', 6],
    ['>=6.2.0 <7.0.0-0', 6],
    ['^6.1.0 || 6.0.3', 6],
    ['^10.0.0', 10],
    ['>=6', undefined],
    ['>=6.0.0 <8.0.0', undefined],
    ['<7', undefined],
    ['^6.0.0 || ^7.0.0', undefined],
    ['*', undefined],
    ['', undefined],
    ['latest', undefined],
    ['workspace:^6.0.0', undefined],
    ['catalog:', undefined],
    ['github:a/b#6', undefined],
    ['6 - 7', undefined],
  ])('of %j is %j', (range, expected) => {
    manifest(JSON.stringify({ dependencies: { orm: range } }));
    expect(major('orm')).toBe(expected);
  });

  it('is unknown where two packages that belong together differ', () => {
    manifest('{ "dependencies": { "orm": "6", "driver": "7" } }');
    expect(major('orm', 'driver')).toBeUndefined();
    expect(major('driver')).toBe(7);
  });

  it('is looked up in the nearest manifest that names the package, whatever kind of dependency it is', () => {
    manifest('{ "dependencies": { "orm": "6" } }');
    manifest('{ "devDependencies": { "other": "1" } }', 'app');
    expect(major('orm')).toBe(6);
    manifest('{ "peerDependencies": { "orm": "^7.1.0" } }', 'app/src');
    expect(major('orm')).toBe(7);
  });

  it.each([['{'], ['null'], ['[]'], ['{ "dependencies": null }'], ['{ "dependencies": { "orm": 6 } }']])(
    'is unknown where the manifest is %s',
    (text) => {
      manifest(text);
      expect(major('orm')).toBeUndefined();
    },
  );

  it('follows a manifest that changes', () => {
    manifest('{ "dependencies": { "orm": "6" } }');
    expect(major('orm')).toBe(6);
    rmSync(path.join(cwd, 'package.json'));
    expect(major('orm')).toBeUndefined();
  });
});
