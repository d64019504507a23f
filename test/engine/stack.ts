import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why no engine can be had for these providers; undefined when it can. */
export function engineMissing(...providers: readonly string[]): string | undefined {
  const needed = ['pulumi', 'pulumi-language-nodejs', ...providers.map((name) => `pulumi-resource-${name}`)];
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const missing = needed.filter((program) => !folders.some((folder) => existsSync(path.join(folder, program))));
  return missing.length === 0 ? undefined : `not on the PATH: ${missing.join(', ')}`;
}

export interface StackOptions {
  /** Folder of the project. */
  readonly directory: string;
  /** Stack configuration, `namespace:key` to value. */
  readonly config: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** A stack of a real engine, whose state is a file of its own. */
export class Stack {
  readonly #options: StackOptions;
  readonly #home = mkdtempSync(path.join(tmpdir(), 'keyturn-engine-'));
  readonly #passphrase = randomBytes(18).toString('base64url');

  constructor(options: StackOptions) {
    this.#options = options;
    mkdirSync(path.join(this.#home, 'state'));
    const lines = Object.entries(options.config).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
    writeFileSync(this.#config, `config:\n${lines.join('\n')}\n`);
  }

  get #config(): string {
    return path.join(this.#home, 'Pulumi.run.yaml');
  }

  /** What the engine printed. With `KEYTURN_ENGINE_LOG` it is appended to that file. */
  async pulumi(...args: readonly string[]): Promise<string> {
    const { directory, env } = this.#options;
    const configured = ['up', 'preview', 'refresh', 'destroy'].includes(args[0] ?? '')
      ? ['--config-file', this.#config]
      : [];
    const { stdout } = await run('pulumi', [...args, ...configured, '--non-interactive', '--color', 'never'], {
      cwd: directory,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env['PATH'],
        HOME: this.#home,
        PULUMI_HOME: this.#home,
        PULUMI_BACKEND_URL: `file://${path.join(this.#home, 'state')}`,
        PULUMI_CONFIG_PASSPHRASE: this.#passphrase,
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
        ...env,
      },
    }).catch((error: unknown) => {
      const { stdout: out = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`pulumi ${args.join(' ')} failed:\n${out}\n${stderr}`);
    });
    const log = process.env['KEYTURN_ENGINE_LOG'];
    if (log !== undefined && args[0] !== 'stack') appendFileSync(log, `$ pulumi ${args.join(' ')}\n${stdout}\n`);
    return stdout;
  }

  async init(): Promise<void> {
    await this.pulumi('stack', 'init', 'run');
  }

  async up(): Promise<string> {
    return await this.pulumi('up', '--stack', 'run', '--yes', '--skip-preview');
  }

  /** Fails when there is anything to change. */
  async upWithoutChanges(): Promise<void> {
    await this.pulumi('up', '--stack', 'run', '--yes', '--skip-preview', '--expect-no-changes');
  }

  async refresh(): Promise<void> {
    await this.pulumi('refresh', '--stack', 'run', '--yes', '--skip-preview');
  }

  async destroy(): Promise<void> {
    await this.pulumi('destroy', '--stack', 'run', '--yes', '--skip-preview');
  }

  /** Every text that the state holds, secrets shown, and the empty one. */
  async texts(): Promise<readonly string[]> {
    const state: unknown = JSON.parse(await this.pulumi('stack', 'export', '--stack', 'run', '--show-secrets'));
    return [...new Set(['', ...texts(state)])];
  }

  remove(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* texts(item);
}
