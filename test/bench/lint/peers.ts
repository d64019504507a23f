import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { ESLint } from 'eslint';

/** A plugin of somebody else that looks for credentials. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly prefix: string;
  readonly plugin: ESLint.Plugin;
  /** With the prefix. */
  readonly rules: readonly string[];
}

const known: readonly {
  readonly package: string;
  readonly version: string;
  readonly prefix: string;
  readonly rules: readonly string[];
}[] = [
  {
    package: 'eslint-plugin-secure-coding',
    version: '3.2.0',
    prefix: 'secure-coding',
    rules: ['no-hardcoded-credentials'],
  },
  {
    package: 'eslint-plugin-sonarjs',
    version: '4.2.2',
    prefix: 'sonarjs',
    rules: ['no-hardcoded-passwords', 'no-hardcoded-secrets', 'hardcoded-secret-signatures'],
  },
  { package: 'eslint-plugin-no-secrets', version: '2.3.3', prefix: 'no-secrets', rules: ['no-secrets'] },
];

const folder = path.join(import.meta.dirname, '../../../.cache/lint-peers');

/** Loads the peers from a cache folder, into which npm puts what is missing. One that cannot be had is said to be NOT RUN on standard error. */
export async function installedPeers(): Promise<Peer[]> {
  const from = createRequire(path.join(folder, 'package.json'));
  const missing = known.filter((each) => versionOf(from, each.package) !== each.version);
  if (missing.length > 0) await install(missing.map((each) => `${each.package}@${each.version}`));
  const found: Peer[] = [];
  for (const each of known) {
    const version = versionOf(from, each.package);
    if (version === undefined) {
      console.error(`NOT RUN: ${each.package} ${each.version}, because it could not be installed.`);
      continue;
    }
    const module = (await import(pathToFileURL(from.resolve(each.package)).href)) as {
      default?: ESLint.Plugin;
    } & ESLint.Plugin;
    const plugin = module.default ?? module;
    const rules = each.rules
      .filter((name) => Object.hasOwn(plugin.rules ?? {}, name))
      .map((name) => `${each.prefix}/${name}`);
    if (rules.length !== each.rules.length)
      console.error(
        `${each.package} ${version} has ${rules.length} of the ${each.rules.length} rules that are compared.`,
      );
    found.push({ name: each.package, version, prefix: each.prefix, plugin, rules });
  }
  return found;
}

async function install(packages: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }\n');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'];
  await promisify(execFile)('npm', ['install', ...options, ...packages], { cwd: folder }).catch((cause: unknown) => {
    console.error(
      `npm could not install ${packages.join(', ')}: ${cause instanceof Error ? cause.message : 'unknown'}`,
    );
  });
}

function versionOf(from: NodeJS.Require, name: string): string | undefined {
  try {
    return (from(path.join(folder, 'node_modules', name, 'package.json')) as { version: string }).version;
  } catch {
    return undefined;
  }
}
