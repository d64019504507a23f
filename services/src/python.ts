import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { cacheFolder } from './cache.js';
import { PartMissing } from './part-missing.js';

const run = promisify(execFile);

/** A program that a Python package brings along. */
export interface PythonTool {
  /** What `pip install` takes, pinned: `moto[server]==5.1.4`; several with a space between. */
  readonly requirement: string;
  /** The program's name, such as `moto_server`. */
  readonly command: string;
}

/**
 * The path of the program, in a virtual environment of its own in the cache. The first call installs it (some tens of seconds), later
 * ones find it there.
 *
 * @throws PartMissing when there is no Python 3 with venv, or the package cannot be installed.
 */
export async function pythonTool({ requirement, command }: PythonTool): Promise<string> {
  const folder = path.join(cacheFolder('python'), requirement.replaceAll(/[^\w.-]/g, '_'));
  const program = path.join(folder, 'bin', command);
  if (existsSync(program)) return program;
  const lock = `${folder}.lock`;
  if (!claim(lock)) return await installedByAnother(program, lock);
  try {
    rmSync(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(
      path.join(folder, 'bin', 'python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirement.split(' ')],
      {
        timeout: 300_000,
      },
    );
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new PartMissing(command, `Python could not install ${requirement}: ${firstLine(cause)}`, { cause });
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
  if (!existsSync(program)) throw new PartMissing(command, `${requirement} brings no program of that name`);
  return program;
}

function claim(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

/** Two test files may want the same program at once; one installs it. A lock of a killed process is given up after five minutes. */
async function installedByAnother(program: string, lock: string): Promise<string> {
  const started = Date.now();
  while (existsSync(lock) && Date.now() - started < 300_000) await new Promise((resolve) => setTimeout(resolve, 250));
  if (existsSync(program)) return program;
  if (existsSync(lock)) renameSync(lock, `${lock}.stale-${process.pid}`);
  throw new PartMissing(path.basename(program), 'another process failed to install it; run again');
}

function firstLine(error: unknown): string {
  const text = String((error as { stderr?: unknown }).stderr ?? error).trim();
  return text.split('\n').find((line) => line.includes('ERROR')) ?? text.split('\n')[0] ?? 'unknown error';
}
