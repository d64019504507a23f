import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Processes that tests start run what `tsc -b` built; it takes a second when nothing changed, and nothing stale is ever tested.
 * A type error stops the run in CI; at the desk it is printed and the tests go on, because `tsc -b` writes the files all the same.
 */
export default function setup(): void {
  const require = createRequire(import.meta.url);
  const root = path.join(import.meta.dirname, '..');
  const tsc = path.join(path.dirname(require.resolve('@typescript/native/package.json')), 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b'], {
    cwd: root,
    stdio: 'inherit',
  });
  // Components upload the rotation function as one file.
  spawnSync(process.execPath, [path.join(root, 'rotation', 'bundle.mjs')], { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  if (process.env['CI'] === 'true') throw new Error('tsc -b failed; its errors are above.');
  console.error('tsc -b failed (see above); the tests run what it could build.');
}
