import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { CommandApp, Wire } from '../instance.js';
import type { Courier } from './delivery.js';
import type { ModuleUnderTest, RehearseOptions } from './options.js';

/** What is started for each instance. */
export function commandOf(
  options: RehearseOptions,
  courier: Courier,
  folder: string,
  wires: readonly Wire[],
): CommandApp {
  const { app, port, readyPath } = options;
  const health = typeof app === 'string' ? readyPath : '/health';
  return {
    command: typeof app === 'string' ? app : hostOf(app),
    cwd: options.cwd,
    observations: folder,
    wires,
    ...(port === undefined ? {} : { port }),
    env: () => ({ ...withoutDatabases(options.env), ...courier.env() }),
    ...(courier.given ? { given: courier.given.bind(courier) } : {}),
    ready: async (at) => (health === undefined ? await listens(at) : await answers(at, health)),
  };
}

/** Nothing of a real database may reach the application by accident. */
function withoutDatabases(env: RehearseOptions['env']): Record<string, string | undefined> {
  const ours = /^(?:PG[A-Z]+|MYSQL_.*|MARIADB_.*|DB_.*|DATABASE_URL|KEYTURN_.*)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}

function hostOf({ file, export: name, sql }: ModuleUnderTest): string {
  const host = fileURLToPath(new URL('../../dist/rehearse/module-host.js', import.meta.url));
  const loader = /\.[cm]?tsx?$/.test(file) ? loaderOf(file) : undefined;
  const args = [...(loader === undefined ? [] : ['--import', loader]), host, file, name, sql];
  return [process.execPath, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ');
}

/** `tsx`, where the module's project has it; newer versions of Node need none. */
function loaderOf(file: string): string | undefined {
  try {
    return pathToFileURL(createRequire(file).resolve('tsx')).href;
  } catch {
    return undefined;
  }
}

/** Whether somebody takes connections on a port of this machine. */
export async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('close', () => resolve(false));
    socket.on('error', () => undefined);
  });
}

async function answers(port: number, path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.setTimeout(1_000, () => request.destroy());
    request.once('error', () => resolve(false));
  });
}
