import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';

import { startPostgres } from '@keyturn/services';
import { build } from 'esbuild';
import pg from 'pg';

/** What a fleet did to its store and its database when a credential stopped working under all of it at once. */
export interface FleetResult {
  readonly processes: number;
  readonly queries: number;
  readonly failed: number;
  /** Of the store, at the start of the processes. */
  readonly requestsToStart: number;
  /** Of the store, when the credential was refused. */
  readonly requestsToRefresh: number;
  readonly refusedLogins: number;
  readonly onNewCredential: number;
}

interface Answer {
  readonly failed: number;
  readonly refused?: number;
  readonly generation?: number;
}

/**
 * Starts processes that read one store over HTTP, gives the user of all of them another password while nobody is told, and lets all ask the
 * database at the same moment.
 */
export async function refreshAtOnce(processes: number): Promise<FleetResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-fleet-'));
  await build({
    entryPoints: [new URL('./fleet-child.ts', import.meta.url).pathname],
    outfile: path.join(folder, 'child.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['keyturn-source'],
    external: ['pg-native', 'pg-cloudflare'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  });

  const server = await startPostgres({ settings: { max_connections: String(3 * processes + 20) } });
  const admin = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    user: server.superuser,
    password: server.superuserPassword,
  });
  await admin.connect();
  await admin.query(`CREATE ROLE app_a LOGIN PASSWORD 'one'; CREATE ROLE app_b LOGIN PASSWORD 'two'`);
  let credential = { user: 'app_a', password: 'one', generation: 1 };
  let requests = 0;
  const store = createServer((_request, response) => {
    requests += 1;
    response.end(JSON.stringify(credential));
  });
  store.listen(0, '127.0.0.1');
  await once(store, 'listening');
  const { port } = store.address() as { port: number };
  const argument = JSON.stringify({ store: `http://127.0.0.1:${port}`, host: server.host, port: server.port });
  const children: ChildProcess[] = [];
  try {
    const lines: Interface[] = [];
    const begun: Answer[] = [];
    for (let count = 0; count < processes; count += 1) {
      const child = spawn(process.execPath, [path.join(folder, 'child.mjs'), argument], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.push(child);
      const output = createInterface({ input: child.stdout });
      lines.push(output);
      begun.push(await answer(output, child));
    }
    const requestsToStart = requests;
    // Right after an accepted login a process tries several side by side (`loginBurstMillis`).
    await after(500);
    requests = 0;
    credential = { user: 'app_b', password: 'two', generation: 2 };
    await admin.query(`ALTER ROLE app_a PASSWORD 'other'`);
    const answers = await Promise.all(
      children.map(async (child, at) => {
        const answered = answer(lines[at] as Interface, child);
        child.stdin?.write('ask\n');
        return await answered;
      }),
    );
    return {
      processes,
      queries: 2 * (begun.length + answers.length),
      failed: [...begun, ...answers].reduce((sum, { failed }) => sum + failed, 0),
      requestsToStart,
      requestsToRefresh: requests,
      refusedLogins: answers.reduce((sum, { refused = 0 }) => sum + refused, 0),
      onNewCredential: answers.filter(({ generation }) => generation === 2).length,
    };
  } finally {
    for (const child of children) child.stdin?.end();
    await Promise.all(children.map(async (child) => (child.exitCode === null ? await once(child, 'exit') : undefined)));
    store.close();
    await admin.end();
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

async function answer(lines: Interface, child: ChildProcess): Promise<Answer> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`A process of the fleet ended with ${String(code)} before it had answered.`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return JSON.parse(line) as Answer;
}
