import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { credentials } from '@grpc/grpc-js';
import analyzerGrpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import { parse } from 'yaml';

import type { Settings } from '../preload/messages.cjs';
import { killGroup, passedOn } from '../run.js';
import { watchdog } from '../watchdog.js';

/** A pack that cannot be run, in one sentence. */
export class PackError extends Error {
  override readonly name = 'PackError';
}

export interface PackServer {
  readonly client: analyzerGrpc.AnalyzerClient;
  readonly stop: () => void;
}

const preload = fileURLToPath(new URL('../../dist/preload/pack.cjs', import.meta.url));

/**
 * Starts Pulumi's own policy server on a pack, without the caller's variables and without a network but for the port it answers at.
 * @throws {PackError} It is no pack of Node, or it does not start in time.
 */
export async function startPack(directory: string, config: string, timeoutMs: number): Promise<PackServer> {
  checkRuntime(directory);
  const home = mkdtempSync(path.join(tmpdir(), 'keyturn-pack-'));
  const child = start(directory, home, config);
  const dog = watchdog(child, [home]);
  const stop = (): void => {
    killGroup(child);
    dog.release();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const port = await portOf(child, timeoutMs);
    const client = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.enable_http_proxy': 0,
    });
    return {
      client,
      stop: () => {
        client.close();
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

function checkRuntime(directory: string): void {
  const file = ['PulumiPolicy.yaml', 'PulumiPolicy.yml']
    .map((name) => path.join(directory, name))
    .find((each) => existsSync(each));
  if (file === undefined)
    throw new PackError('there is no PulumiPolicy.yaml in it. Give the folder of a CrossGuard policy pack');
  const data: unknown = parseOrNothing(readFileSync(file, 'utf8'));
  const runtime = field(data, 'runtime');
  const name = typeof runtime === 'string' ? runtime : field(runtime, 'name');
  if (name !== 'nodejs')
    throw new PackError(
      `its runtime is ${typeof name === 'string' ? name : 'not given'}, and only packs of nodejs can be run`,
    );
}

function parseOrNothing(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function field(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null
    ? Object.entries(data).find(([key]) => key === name)?.[1]
    : undefined;
}

function start(directory: string, home: string, config: string): ChildProcess {
  const settings: Settings = {
    monitor: '',
    directory,
    fallbackRoot: '',
    prefix: '',
    environment: false,
    environmentTexts: {},
    answered: [],
    optional: false,
    legacyInterop: false,
    importsEntry: false,
    aliases: { paths: [] },
  };
  const env: Record<string, string> = {
    HOME: home,
    USERPROFILE: home,
    TMPDIR: home,
    PULUMI_CONFIG: config,
    KEYTURN_RECORDER: JSON.stringify(settings),
  };
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  // The pack's own copy, as the engine would take it; ours where it has none.
  const sdk = [path.join(directory, 'index.js'), import.meta.url].map((from) => serverFrom(from)).find(Boolean);
  return spawn(process.execPath, ['--require', preload, sdk ?? '', '127.0.0.1:1', '.'], {
    cwd: directory,
    env,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function serverFrom(from: string): string | undefined {
  try {
    return createRequire(from).resolve('@pulumi/pulumi/cmd/run-policy-pack');
  } catch {
    return undefined;
  }
}

/** The line of an error as Node prints it, below what the server says first. */
const printedError = /^\s*(?:<ref \*\d+> )?(?<said>(?:[A-Z]\w*)?(?:Error|Refused)\b.*)$/m;

/** The server prints the port it listens at on a line of its own. */
function portOf(child: ChildProcess, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let stderr = '';
    const fail = (because: string): void => reject(new PackError(because));
    const timer = setTimeout(() => fail(`it did not start within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout?.on('data', (chunk: Buffer) => {
      if (printed.length > 65_536) return;
      printed += chunk.toString();
      const port = /^(\d+)\s*\n/m.exec(printed)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
    child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-8_000)));
    child.once('error', (error) => {
      clearTimeout(timer);
      fail(`Node could not be started: ${error.message}`);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      const said = printedError.exec(stderr)?.groups?.['said'];
      fail(`it did not start: ${said ?? 'it printed no error'}`);
    });
  });
}
