import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { type InstanceEvidence, type Login, now } from './evidence.js';
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

/** The application ended, or was not ready in time; the message ends with what it printed last. */
export class InstanceError extends Error {
  override readonly name = 'InstanceError';
}

const readyWithinMs = 20_000;
const keptOutput = 4_000;

/** One process of the application and what was observed in it. */
export class Instance {
  readonly #name: string;
  readonly #port: number;
  readonly #child: ChildProcess;
  readonly #startedAt = now();
  readonly #reads: InstanceEvidence['reads'][number][] = [];
  readonly #logins = new Map<number, Login>();
  readonly #closed = new Map<number, number>();
  // Gives an idle connection up before the application does (Node: after 5 s), as load balancers must.
  readonly #agent = new http.Agent({ keepAlive: true, timeout: 2_000 });
  #settings: Readonly<Record<string, DifferingSetting>> = {};
  #endedAt: number | undefined;
  #output = '';

  constructor(name: string, port: number, app: App, observe: ObserveOptions) {
    this.#name = name;
    this.#port = port;
    this.#child = fork(app.entry, [], {
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
    this.#child.on('message', (message) => this.#observed(message as Observation));
    this.#child.once('exit', () => (this.#endedAt = now()));
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
    const logins = [...this.#logins].map(([id, login]): Login => {
      const closedAt = this.#closed.get(id) ?? this.#endedAt;
      return closedAt === undefined || login.refused !== undefined ? login : { ...login, closedAt };
    });
    return {
      instance: this.#name,
      startedAt: this.#startedAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      reads: this.#reads,
      logins,
    };
  }

  /** @throws InstanceError when it ends or is not ready within 20 s. */
  async ready(signal?: AbortSignal): Promise<void> {
    const until = now() + readyWithinMs;
    while (!(await this.#healthy())) {
      signal?.throwIfAborted();
      if (this.#endedAt !== undefined) throw this.#failed('ended while it started');
      if (now() > until) throw this.#failed(`did not answer GET /health with 200 within ${readyWithinMs / 1_000} s`);
      await sleep(20);
    }
  }

  /** Asks it to end with SIGTERM, and ends it with SIGKILL when it has not ended in time. */
  async stop(withinMs = 5_000): Promise<void> {
    this.#agent.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    await gone;
    clearTimeout(timer);
  }

  #failed(what: string): InstanceError {
    return new InstanceError(`${this.#name} ${what}. It printed: ${this.#output.trim() || 'nothing'}`);
  }

  async #healthy(): Promise<boolean> {
    return await new Promise((resolve) => {
      const request = http.get({ host: '127.0.0.1', port: this.#port, path: '/health' }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.setTimeout(1_000, () => request.destroy());
      request.once('error', () => resolve(false));
    });
  }

  #observed(message: Observation): void {
    switch (message.type) {
      case 'read':
        this.#reads.push({ at: message.at, credential: message.credential });
        break;
      case 'login':
        this.#logins.set(message.login, message.outcome);
        break;
      case 'closed':
        this.#closed.set(message.login, message.at);
        break;
      case 'settings':
        this.#settings = message.differing;
        break;
    }
  }
}
