import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { printable, type Finding } from '@keyturn/findings';

import { UsageError } from '../errors.js';

/**
 * Calls `work` with a checkout of a git ref, and removes the checkout whatever happens. Installed packages are those of the folder that is
 * compared, because a program cannot run without them.
 * @throws UsageError where the ref does not exist.
 */
export async function atRef<Result>(
  repository: string,
  ref: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  let commit: string;
  try {
    commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  } catch (cause) {
    throw new UsageError(
      `There is no commit "${printable(ref)}" in this repository. Fetch it first (a shallow clone may lack it).`,
      { cause },
    );
  }
  const parent = realpathSync(mkdtempSync(path.join(tmpdir(), 'keyturn-base-')));
  const folder = path.join(parent, 'base');
  try {
    git('worktree', 'add', '--detach', '--quiet', folder, commit);
    for (const name of packageFolders(git('ls-files', '--', 'package.json', '**/package.json'))) {
      const from = path.join(repository, name, 'node_modules');
      const to = path.join(folder, name, 'node_modules');
      if (existsSync(from) && existsSync(path.dirname(to)) && !existsSync(to)) symlinkSync(from, to, 'dir');
    }
    return await work(folder);
  } finally {
    rmSync(parent, { recursive: true, force: true });
    git('worktree', 'prune');
  }
}

function packageFolders(list: string): string[] {
  return list.split('\n').flatMap((file) => (file === '' ? [] : [path.dirname(file)]));
}

/** The findings that the base does not have. A fingerprint that is there twice covers two. */
export function newSince(findings: readonly Finding[], base: readonly Finding[]): readonly Finding[] {
  const left = new Map<string, number>();
  for (const { fingerprint } of base) left.set(fingerprint, (left.get(fingerprint) ?? 0) + 1);
  return findings.filter(({ fingerprint }) => {
    const count = left.get(fingerprint) ?? 0;
    left.set(fingerprint, count - 1);
    return count <= 0;
  });
}
