import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { cacheFolder } from './cache.js';
import { PartMissing } from './part-missing.js';

const run = promisify(execFile);

/** A program from a Debian package, and the folder it was unpacked to. */
export interface DebianProgram {
  readonly program: string;
  /** `/` when the program was found on this machine, else a folder laid out like it. */
  readonly root: string;
  /** Where its libraries are. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * A program: from the PATH, else from a Debian package, unpacked into the cache together with the packages it depends on. Installs nothing,
 * and needs no root.
 *
 * @param wanted - `name` as on the PATH, `file` below the root, and the package that holds it.
 * @throws PartMissing when the machine is not a Debian, or the package cannot be fetched.
 */
export async function debianProgram(wanted: { name: string; file: string; package: string }): Promise<DebianProgram> {
  const found = onPath(wanted.name);
  if (found !== undefined) return { program: found, root: '/', env: {} };
  const folder = path.join(cacheFolder('debian'), wanted.package);
  if (!existsSync(path.join(folder, wanted.file))) await unpack(wanted.package, folder);
  const program = path.join(folder, wanted.file);
  if (!existsSync(program))
    throw new PartMissing(wanted.name, `Debian's package ${wanted.package} holds no ${wanted.file}`);
  return debianProgramIn(folder, wanted.file);
}

/** A program below a folder that packages were unpacked to. */
export function debianProgramIn(root: string, file: string): DebianProgram {
  return { program: path.join(root, file), root, env: { LD_LIBRARY_PATH: libraries(root).join(':') } };
}

/**
 * The environment in which a program finds the libraries of a Debian package; an empty one when the machine has the library already.
 *
 * @throws PartMissing when the machine is not a Debian, or the package cannot be fetched.
 */
export async function debianLibrary(wanted: { file: string; package: string }): Promise<NodeJS.ProcessEnv> {
  if (
    ['/lib', '/usr/lib'].some((folder) =>
      [folder, ...triplets(folder)].some((place) => existsSync(path.join(place, wanted.file))),
    )
  )
    return {};
  const folder = path.join(cacheFolder('debian'), wanted.package);
  if (!existsSync(folder)) await unpack(wanted.package, folder);
  return debianProgramIn(folder, '').env;
}

const triplets = (library: string): readonly string[] =>
  existsSync(library)
    ? readdirSync(library)
        .filter((name) => name.endsWith('-linux-gnu'))
        .map((name) => path.join(library, name))
    : [];

/** A program of this machine: from the PATH, or from where servers are installed. */
export function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

function libraries(folder: string): readonly string[] {
  return ['usr/lib', 'lib']
    .map((below) => path.join(folder, below))
    .flatMap((library) => (existsSync(library) ? [library, ...triplets(library)] : []));
}

async function unpack(name: string, folder: string): Promise<void> {
  const work = `${folder}.${process.pid}`;
  const [lists, cache, packages, root] = ['lists', 'cache', 'packages', 'root'].map((part) =>
    path.join(work, part),
  ) as [string, string, string, string];
  for (const part of [path.join(lists, 'partial'), path.join(cache, 'archives', 'partial'), packages, root])
    mkdirSync(part, { recursive: true });
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    'APT::Sandbox::User=root',
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
  const apt = async (...args: string[]): Promise<string> =>
    (await run('apt-get', [...options, ...args], { cwd: packages, timeout: 300_000, maxBuffer: 64 * 1024 * 1024 }))
      .stdout;
  try {
    await apt('update');
    const simulated = await apt('-s', 'install', '--no-install-recommends', name);
    const needed = [...simulated.matchAll(/^Inst (\S+)/gm)]
      .map((match) => match[1])
      .filter((found) => found !== undefined);
    await apt('download', ...new Set([name, ...needed]));
    for (const file of readdirSync(packages)) await run('dpkg-deb', ['-x', path.join(packages, file), root]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(root, folder);
  } catch (cause) {
    throw new PartMissing(
      name,
      `apt-get could not fetch it: ${String((cause as { stderr?: unknown }).stderr ?? cause)
        .trim()
        .split('\n')
        .at(-1)}`,
      { cause },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
