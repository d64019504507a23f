import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { printable } from '@keyturn/findings';
import { Command } from 'commander';

import { codeOf } from '../config/config.js';
import { UsageError } from '../errors.js';
import type { ModuleKind } from './eslint-config.js';
import { plugin } from './lint-plugin.js';
import type { Terminal } from './terminal.js';

/** What `init` did, as `--json` prints it. */
interface Outcome {
  readonly file: string;
  readonly did: 'created' | 'changed' | 'nothing';
  readonly text: string;
  /** Packages that the project does not name yet. */
  readonly missing: readonly string[];
}

const names = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'].map((extension) => `eslint.config.${extension}`);
const legacy = ['', '.js', '.cjs', '.yaml', '.yml', '.json'].map((extension) => `.eslintrc${extension}`);

/** `keyturn init`: writes the lines into the ESLint configuration that switch the rules on. */
export function initCommand(terminal: Terminal, done: (code: number) => void): Command {
  return new Command('init')
    .description('Switch the rules on in the ESLint configuration of this project, and change nothing else')
    .option('--dry-run', 'print the configuration instead of writing it')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nRunning it again changes nothing. A configuration that it does not understand is left as it is, with exit code 3.',
    )
    .action(async ({ dryRun, json }: { dryRun?: boolean; json?: boolean }) => {
      const outcome = await outcomeIn(terminal.cwd);
      if (outcome === undefined) return done(notUnderstood(terminal));
      if (!dryRun && outcome.did !== 'nothing') write(path.join(terminal.cwd, outcome.file), outcome.text);
      terminal.stdout.write(
        json
          ? `${JSON.stringify({ ...outcome, written: !dryRun && outcome.did !== 'nothing' })}\n`
          : said(outcome, dryRun),
      );
      done(0);
    });
}

function notUnderstood(terminal: Terminal): number {
  const file = names.find((name) => existsSync(path.join(terminal.cwd, name))) ?? 'eslint.config.js';
  terminal.stderr.write(
    `error: ${printable(file)} exports something that this command does not understand, so it was left as it is. Import \`keyturn\` from '${plugin}' there, and add \`keyturn.configs.recommended\` and \`keyturn.configs.documents\` to the list.\n`,
  );
  return 3;
}

async function outcomeIn(cwd: string): Promise<Outcome | undefined> {
  const manifest = manifestIn(cwd);
  const missing = [plugin, 'eslint'].filter((name) => !manifest.packages.has(name));
  const file = names.find((name) => existsSync(path.join(cwd, name)));
  if (file === undefined) {
    const old =
      legacy.find((name) => existsSync(path.join(cwd, name))) ?? (manifest.hasLegacy ? 'package.json' : undefined);
    if (old !== undefined) {
      throw new UsageError(
        `${old} is a configuration of ESLint 8, and a new eslint.config.js would switch it off. Move it with \`npx @eslint/migrate-config ${old}\` first.`,
      );
    }
    const name = manifest.isModule ? 'eslint.config.js' : 'eslint.config.mjs';
    const text = `import keyturn from '${plugin}';\n\nexport default [keyturn.configs.recommended, keyturn.configs.documents];\n`;
    return { file: name, did: 'created', text, missing };
  }
  const source = read(path.join(cwd, file));
  const kind: ModuleKind =
    /\.c[jt]s$/.test(file) || (/\.[jt]s$/.test(file) && !manifest.isModule) ? 'commonjs' : 'module';
  const { withKeyturn } = await import('./eslint-config.js');
  const text = withKeyturn(source, kind);
  if (text === undefined) return undefined;
  return { file, did: text === source ? 'nothing' : 'changed', text, missing };
}

function said({ file, did, text, missing }: Outcome, dryRun = false): string {
  const install = missing.length === 0 ? '' : `Left to do: npm install --save-dev ${missing.join(' ')}\n`;
  if (did === 'nothing') return `${file} has the rules already. Nothing was changed.\n${install}`;
  if (dryRun) return text;
  const verb = did === 'created' ? 'Wrote' : 'Changed';
  return `${verb} ${file}: it switches on the rules for sources (recommended), and for YAML, .env files and scripts (documents).\n${install}`;
}

interface Manifest {
  readonly isModule: boolean;
  readonly hasLegacy: boolean;
  readonly packages: ReadonlySet<string>;
}

function manifestIn(cwd: string): Manifest {
  const file = path.join(cwd, 'package.json');
  if (!existsSync(file)) return { isModule: false, hasLegacy: false, packages: new Set() };
  let data: unknown;
  try {
    data = JSON.parse(read(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError('package.json is not valid JSON. Correct it, then run this again.');
  }
  const fields = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  const packages = ['dependencies', 'devDependencies', 'peerDependencies'].flatMap((name) =>
    Object.keys(fields[name] ?? {}),
  );
  return {
    isModule: fields['type'] === 'module',
    hasLegacy: fields['eslintConfig'] !== undefined,
    packages: new Set(packages),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${path.basename(file)} cannot be read (${codeOf(error)}).`);
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`${path.basename(file)} cannot be written (${codeOf(error)}).`);
  }
}
