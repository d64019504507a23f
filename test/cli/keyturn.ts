import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const main = path.join(import.meta.dirname, '..', '..', 'cli', 'dist', 'main.js');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A `keyturn` that is at work. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** A folder with a configuration, and the built `keyturn` run in it as a user would. */
export class Desk {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'keyturn-desk-'));
  /** Everything that was printed, and the arguments that other accounts can read. */
  readonly printed: string[] = [];
  readonly env: Record<string, string>;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.env = { PATH: process.env['PATH'] ?? '', ...env };
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  read(name: string): string {
    return readFileSync(path.join(this.folder, name), 'utf8');
  }

  start(...args: readonly string[]): Running {
    const child = spawn(process.execPath, [main, ...args], { cwd: this.folder, env: this.env });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const seen = `/proc/${child.pid ?? 0}/cmdline`;
      if (out === '' && existsSync(seen)) this.printed.push(readFileSync(seen, 'utf8'));
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const ended = new Promise<Ran>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.printed.push(out, err);
        resolve({ code, out, err });
      });
    });
    return { child, ended };
  }

  async keyturn(...args: readonly string[]): Promise<Ran> {
    return await this.start(...args).ended;
  }

  /** With `--json`; what was printed, parsed, beside the exit code. */
  async json<T extends object>(...args: readonly string[]): Promise<T & { readonly code: number | null }> {
    const { code, out, err } = await this.keyturn(...args, '--json');
    try {
      return { ...(JSON.parse(out) as T), code };
    } catch {
      throw new Error(`keyturn ${args.join(' ')} ended with ${String(code)} and printed no JSON: ${out}${err}`);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
