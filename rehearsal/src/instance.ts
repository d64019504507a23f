import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Reaper, reap } from '@keyturn/services';

import {
  type Fate,
  fingerprintOf,
  type Held,
  type InstanceEvidence,
  impliedReads,
  type Login,
  now,
} from './evidence.js';
import type { DifferingSetting, Observation, ObserveOptions } from './observation.js';

/** Processes are started from what was built, also when a test runs the source. */
const observer = new URL('../dist/observe.js', import.meta.url).href;

/** An application that answers HTTP on the port in `PORT`, and `GET /health` with 200 when it is ready. */
export interface App {
  /** Its JavaScript file. */
  readonly entry: string;
  /** Working directory, where it finds its `.env`. */
  readonly cwd: string;
  /** Environment beside `PORT` and `PATH`; nothing else of ours is passed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An application that a command line starts, in whatever language. */
export interface CommandApp {
  /** For the shell, such as `npm start`. */
  readonly command: string;
  readonly cwd: string;
  /** Where what happens in its processes is written down, when they are Node's. */
  readonly observations: string;
  /** Absent: each instance gets a free port in `PORT`. */
  readonly port?: number;
  /** The whole environment of an instance that starts now, but for `PORT`. */
  env(): Readonly<Record<string, string | undefined>>;
  /** The credential in that environment. */
  given?(): { readonly user: string; readonly password: string };
  ready(port: number): Promise<boolean>;
  /** What is seen of its processes from outside. */
  readonly wires?: readonly Wire[];
}

/** Stands between the processes of an application and what they talk to. */
export interface Wire {
  /** A process group whose connections are to be told. */
  started(group: number): void;
  /** Logins of a group so far. */
  loginsOf?(group: number): readonly Login[];
  /** When a group read which credential. */
  readsOf?(group: number): readonly Held[];
}

export type AnyApp = App | CommandApp;

/** The application ended, or was not ready in time; the message ends with what it printed last. */
export class InstanceError extends Error {
  override readonly name = 'InstanceError';
}

const readyWithinMs = 20_000;
const commandReadyWithinMs = 60_000;
const keptOutput = 4_000;
const keptLine = 300;

/** One process of the application and what was observed in it. */
export class Instance {
  readonly #name: string;
  readonly #port: number;
  readonly #child: ChildProcess;
  readonly #startedAt = now();
  readonly #reads: InstanceEvidence['reads'][number][] = [];
  readonly #logins = new Map<string, Login>();
  readonly #closed = new Map<string, number>();
  // Gives an idle connection up before the application does (Node: after 5 s), as load balancers must.
  readonly #agent = new http.Agent({ keepAlive: true, timeout: 2_000 });
  #settings: Readonly<Record<string, DifferingSetting>> = {};
  #endedAt: number | undefined;
  #stopping = false;
  #fate: Fate | undefined;
  #output = '';
  #seen = 0;
  readonly #app: AnyApp;
  readonly #file: string | undefined;
  readonly #reaper: Reaper | undefined;

  constructor(name: string, port: number, app: AnyApp, observe: ObserveOptions) {
    this.#name = name;
    this.#port = port;
    this.#app = app;
    if ('command' in app) {
      const given = app.given?.();
      if (given) {
        this.#reads.push({
          at: this.#startedAt,
          credential: fingerprintOf(observe.key, given.user, given.password),
        });
      }
      this.#file = path.join(app.observations, `${port}-${Math.round(this.#startedAt)}.jsonl`);
      this.#child = spawnCommand(app, port, { ...observe, file: this.#file });
      if (this.#child.pid !== undefined) {
        this.#reaper = reap(-this.#child.pid, 'SIGKILL', []);
        for (const wire of app.wires ?? []) wire.started(this.#child.pid);
      }
    } else this.#child = forkApp(app, port, observe);
    this.#child.on('message', (message) => this.#observed(message as Observation));
    this.#child.once('exit', (code, signal) => this.#ended(signal ?? `code ${code ?? 0}`));
    const keep = (chunk: Buffer): void => void (this.#output = (this.#output + chunk.toString()).slice(-keptOutput));
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  get name(): string {
    return this.#name;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections to the application that are kept between requests. */
  get agent(): http.Agent {
    return this.#agent;
  }

  /** Pool settings that differ from the driver's defaults. */
  get settings(): Readonly<Record<string, DifferingSetting>> {
    return this.#settings;
  }

  get evidence(): InstanceEvidence {
    this.#readFile();
    const wired = this.#wired((wire, group) => wire.loginsOf?.(group));
    const observed = [...this.#logins].map(([id, login]) => ({ closedAt: this.#closed.get(id), ...login }));
    const logins = (wired.length > 0 ? wired : observed).map(({ closedAt = this.#endedAt, ...login }): Login => {
      return closedAt === undefined || login.refused !== undefined ? login : { ...login, closedAt };
    });
    const reads = [...this.#reads, ...this.#wired((wire, group) => wire.readsOf?.(group))];
    return {
      instance: this.#name,
      startedAt: this.#startedAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      ...(this.#fate ? { fate: this.#fate } : {}),
      reads: impliedReads(reads, logins),
      logins,
    };
  }

  #wired<Seen>(look: (wire: Wire, group: number) => readonly Seen[] | undefined): readonly Seen[] {
    const group = this.#child.pid;
    if (!('command' in this.#app) || group === undefined) return [];
    return (this.#app.wires ?? []).flatMap((wire) => look(wire, group) ?? []);
  }

  /** @throws InstanceError when it ends or is not ready in time: 20 s, or 60 s behind a command line. */
  async ready(signal?: AbortSignal): Promise<void> {
    const withinMs = 'command' in this.#app ? commandReadyWithinMs : readyWithinMs;
    const until = now() + withinMs;
    while (!(await this.#healthy())) {
      signal?.throwIfAborted();
      if (this.#endedAt !== undefined) throw this.#failed('ended while it started');
      if (now() > until) {
        const what = 'command' in this.#app ? 'was not ready' : 'did not answer GET /health with 200';
        throw this.#failed(`${what} within ${withinMs / 1_000} s`);
      }
      await sleep(20);
    }
  }

  /** Asks it to end with SIGTERM, and ends it with SIGKILL when it has not ended in time. */
  async stop(withinMs = 5_000): Promise<void> {
    this.#agent.destroy();
    this.#stopping = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#kill('SIGTERM');
      const timer = setTimeout(() => {
        this.#forced(withinMs);
        this.#kill('SIGKILL');
      }, withinMs);
      await gone;
      clearTimeout(timer);
    }
    if ('command' in this.#app) await this.#groupGone(withinMs);
    this.#reaper?.release();
    this.#readFile();
  }

  #kill(signal: NodeJS.Signals): void {
    if (!('command' in this.#app) || this.#child.pid === undefined) this.#child.kill(signal);
    else signalGroup(this.#child.pid, signal);
  }

  #ended(how: string): void {
    this.#endedAt = now();
    const isGone = !('command' in this.#app) || !signalGroup(this.#child.pid ?? 0, 0);
    if (this.#stopping || !isGone) return;
    const last = this.#output.trim().split('\n').at(-1)?.slice(-keptLine) ?? '';
    this.#fate = { byItself: true, what: `ended by itself with ${how}; it printed last: ${last || 'nothing'}` };
  }

  #forced(withinMs: number): void {
    this.#fate = { byItself: false, what: `did not end within ${withinMs / 1_000} s of SIGTERM, and was killed` };
  }

  /** A shell may end before what it started does. */
  async #groupGone(withinMs: number): Promise<void> {
    const group = this.#child.pid;
    if (group === undefined) return;
    const until = now() + withinMs;
    while (now() < until && signalGroup(group, 0)) await sleep(10);
    if (signalGroup(group, 'SIGKILL')) this.#forced(withinMs);
  }

  #readFile(): void {
    if (this.#file === undefined) return;
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch {
      return;
    }
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const fresh = whole.slice(this.#seen);
    this.#seen = whole.length;
    for (const line of fresh.split('\n')) if (line !== '') this.#observed(JSON.parse(line) as FiledObservation);
  }

  #failed(what: string): InstanceError {
    return new InstanceError(`${this.#name} ${what}. It printed: ${this.#output.trim() || 'nothing'}`);
  }

  async #healthy(): Promise<boolean> {
    if ('command' in this.#app) return await this.#app.ready(this.#port);
    return await new Promise((resolve) => {
      const request = http.get({ host: '127.0.0.1', port: this.#port, path: '/health' }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.setTimeout(1_000, () => request.destroy());
      request.once('error', () => resolve(false));
    });
  }

  #observed(message: FiledObservation): void {
    const process = message.pid ?? 0;
    switch (message.type) {
      case 'read':
        this.#reads.push({ at: message.at, credential: message.credential });
        break;
      case 'login':
        this.#logins.set(`${process}:${message.login}`, message.outcome);
        break;
      case 'closed':
        this.#closed.set(`${process}:${message.login}`, message.at);
        break;
      case 'settings':
        this.#settings = message.differing;
        break;
    }
  }
}

/** With the process it comes from, when several may write. */
type FiledObservation = Observation & { readonly pid?: number };

function forkApp(app: App, port: number, observe: ObserveOptions): ChildProcess {
  return fork(app.entry, [], {
    cwd: app.cwd,
    execArgv: ['--import', observer],
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: String(port),
      KEYTURN_OBSERVE: JSON.stringify(observe),
      ...app.env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function spawnCommand(app: CommandApp, port: number, observe: ObserveOptions): ChildProcess {
  const env = app.env();
  return spawn(app.command, {
    cwd: app.cwd,
    shell: true,
    detached: true,
    env: {
      ...env,
      PORT: String(port),
      KEYTURN_OBSERVE: JSON.stringify(observe),
      NODE_OPTIONS: [env['NODE_OPTIONS'], `--import=${observer}`].filter(Boolean).join(' '),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Whether there was a process to signal. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}
