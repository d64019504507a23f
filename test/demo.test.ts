import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { orNotRun, startPgbouncer } from '@keyturn/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readOptions, UsageError } from '../examples/demo/options.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = path.join(root, 'examples', 'demo', 'dist', 'main.js');

let folder: string;
beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'keyturn-demo-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: string[]): Promise<Ended> {
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { cwd: folder }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

describe('npm run demo', () => {
  it('loses queries with the quarterly script and none with keyturn, finds what is wrong before and nothing after', async () => {
    const { code, stdout, stderr } = await run('--json', '--seconds', '6', '--rate', '20', '--plot', 'plot.svg');

    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const outcome = JSON.parse(stdout) as Record<string, unknown>;
    const phase = {
      queries: expect.any(Number) as number,
      failed: expect.any(Number) as number,
      p50Ms: expect.any(Number) as number,
      p99Ms: expect.any(Number) as number,
      longestGapMs: expect.any(Number) as number,
      convergeMs: expect.any(Number) as number,
      causes: {
        poolNotDrained: 0,
        configNotReloaded: expect.any(Number) as number,
        partialDeployment: expect.any(Number) as number,
        wrongSecret: 0,
        race: expect.any(Number) as number,
        unknown: 0,
      },
    };
    expect(outcome).toEqual({
      phases: [
        { name: 'incident', rotations: 1, ...phase },
        { name: 'keyturn', rotations: 3, ...phase },
      ],
      check: { before: expect.any(Number) as number, after: 0 },
    });
    const { phases, check } = outcome as {
      phases: [typeof phase, typeof phase];
      check: { before: number };
    };
    const [incident, keyturn] = phases;
    expect(incident.failed).toBeGreaterThan(0);
    expect(sum(incident.causes)).toBe(incident.failed);
    expect(keyturn.failed).toBe(0);
    expect(sum(keyturn.causes)).toBe(0);
    expect(incident.queries).toBeGreaterThan(200);
    expect(keyturn.queries).toBeGreaterThan(300);
    expect(keyturn.p50Ms).toBeGreaterThan(0);
    expect(keyturn.p99Ms).toBeGreaterThanOrEqual(keyturn.p50Ms);
    expect(check.before).toBeGreaterThan(0);
    expect(code).toBe(0);

    expect(stderr).toContain('1/3  The incident: 4 instances, 20 queries/s and bursts, the quarterly script');
    expect(stderr).toContain('generation 4 published');

    const report = readFileSync(path.join(folder, 'report.html'), 'utf8');
    expect(report).toMatch(/before\/infra\/index\.ts:\d+/);
    expect(report).toMatch(/before\/app\/database\.ts:\d+/);
    expect(report).not.toMatch(/(?:src|href)=|@import|url\(/);
    expect(readFileSync(path.join(folder, 'plot.svg'), 'utf8')).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/,
    );
    expect(leftovers()).toEqual([]);
  });

  it('loses none behind a PgBouncer either, and still names the causes of the incident there', async (context) => {
    const { part: pooler, because } = await orNotRun(() =>
      startPgbouncer({ upstream: { host: '127.0.0.1', port: 1 } }),
    );
    if (pooler === undefined) return context.skip(because);
    await pooler.stop();
    const { code, stdout, stderr } = await run('--json', '--pooler', 'pgbouncer', '--seconds', '6', '--rate', '20');
    const { phases } = JSON.parse(stdout) as {
      phases: { failed: number; queries: number; rotations: number; causes: Record<string, number> }[];
    };
    const [incident, keyturn] = phases;
    expect(keyturn).toMatchObject({ rotations: 3, failed: 0 });
    expect(keyturn?.queries).toBeGreaterThan(200);
    expect(incident?.failed).toBeGreaterThan(0);
    expect((incident?.causes['configNotReloaded'] ?? 0) + (incident?.causes['partialDeployment'] ?? 0)).toBeGreaterThan(
      0,
    );
    expect(stderr).toContain('all of it through a PgBouncer');
    expect(code).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it('says in one sentence what is wrong with an option, and ends with 2', async () => {
    expect(await run('--seconds', '3')).toEqual({
      code: 2,
      stdout: '',
      stderr: '--seconds must be a whole number from 4 to 600, got "3".\n',
    });
  });

  it('prints its options', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    for (const option of ['--seconds', '--instances', '--rate', '--report', '--plot', '--pooler', '--json']) {
      expect(stdout).toContain(option);
    }
  });

  // Linux tells in /proc which processes are left.
  it.runIf(process.platform === 'linux').each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('leaves no process and no account behind after %s', async (signal, code) => {
    const child = spawn(process.execPath, [main, '--seconds', '4', '--rate', '20'], { cwd: folder });
    await printed(child, 'sed on .env');
    const started = descendants(child.pid ?? 0);
    expect(started.length).toBeGreaterThanOrEqual(5);

    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    expect(await ended).toBe(code);
    await until(() => started.every((pid) => !isAlive(pid)));
    if (signal !== 'SIGKILL') expect(leftovers()).toEqual([]);
    for (const left of leftovers()) rmSync(path.join(root, '.cache', left), { recursive: true, force: true });
  });
});

describe('the options of the demo', () => {
  it.each([
    ['--seconds', '601', '--seconds must be a whole number from 4 to 600, got "601".'],
    ['--instances', '0', '--instances must be a whole number from 1 to 16, got "0".'],
    ['--instances', '17', '--instances must be a whole number from 1 to 16, got "17".'],
    ['--rate', 'fast', '--rate must be a whole number from 1 to 2000, got "fast".'],
    ['--rate', '1e3', '--rate must be a whole number from 1 to 2000, got "1e3".'],
    ['--report', '', '--report needs the name of a file, got "".'],
    ['--plot', '', '--plot needs the name of a file, got "".'],
    ['--pooler', 'pgcat', '--pooler must be pgbouncer, got "pgcat".'],
    ['--fast', '1', "Unknown option '--fast'. Use --help to see the options."],
  ])('refuse %s %s', (option, value, sentence) => {
    expect(() => readOptions([option, value])).toThrow(new UsageError(sentence));
  });

  it('have defaults, and take the ends of their ranges', () => {
    expect(readOptions([])).toEqual({ seconds: 20, instances: 4, rate: 40, report: 'report.html', json: false });
    expect(readOptions(['--seconds=4', '--instances=16', '--rate=2000'])).toMatchObject({
      seconds: 4,
      instances: 16,
      rate: 2000,
    });
  });
});

function sum(causes: Readonly<Record<string, number>>): number {
  return Object.values(causes).reduce((total, count) => total + count, 0);
}

/** Folders of demos that have ended. */
function leftovers(): string[] {
  const cache = path.join(root, '.cache');
  if (!existsSync(cache)) return [];
  return readdirSync(cache).filter((name) => name.startsWith('demo-') && !isAlive(Number(name.slice('demo-'.length))));
}

async function printed(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  await until(() => output.includes(text) || child.exitCode !== null, 60_000);
  expect(output).toContain(text);
}

/** Every process below this one, however deep, as Linux tells. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) }];
      } catch {
        return [];
      }
    });
  const below = (of: number): number[] =>
    parents.filter(({ parent }) => parent === of).flatMap((child) => [child.pid, ...below(child.pid)]);
  return below(pid);
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(holds: () => boolean, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds() && Date.now() < end) await sleep(25);
  expect(holds()).toBe(true);
}
