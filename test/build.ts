import { execFileSync } from 'node:child_process';

/** Processes that tests start run what `tsc -b` built; it takes a second when nothing changed, and nothing stale is ever tested. */
export default function setup(): void {
  execFileSync('npx', ['--no-install', 'tsc', '-b'], { stdio: 'inherit' });
}
