import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { recordProgram } from './record-program.js';
import type { RecordOptions, Recording } from './recording.js';
import { writeProgram } from './testing.js';

// Each test runs a program at least twice.
vi.setConfig({ testTimeout: 120_000 });

const programs: (() => void)[] = [];
afterEach(() => {
  for (const remove of programs.splice(0)) remove();
});

function program(files: Readonly<Record<string, string>>): string {
  const { directory, remove } = writeProgram(files);
  programs.push(remove);
  return directory;
}

function record(files: Readonly<Record<string, string>>, options: Partial<RecordOptions> = {}): Promise<Recording> {
  return recordProgram({ directory: program(files), timeoutMs: 60_000, ...options });
}

const bucket = `import * as aws from '@pulumi/aws';\nnew aws.s3.Bucket('first');\n`;

describe('a program that does not end well is never clean', () => {
  it.each([
    {
      name: 'throws while it loads',
      files: { 'index.ts': `${bucket}\nthrow new TypeError('no tables today');\n` },
      says: { ended: 'failed', reason: 'TypeError: no tables today', place: { file: 'index.ts', line: 4 } },
    },
    {
      name: 'rejects later',
      files: { 'index.ts': `${bucket}void Promise.reject(new Error('came too late'));\n` },
      says: { ended: 'failed', reason: 'Error: came too late', place: { file: 'index.ts', line: 3 } },
    },
    {
      name: 'cannot be parsed',
      files: { 'index.ts': `${bucket}const = 3;\n` },
      says: { ended: 'failed', place: { file: 'index.ts', line: 3 } },
    },
    {
      name: 'cannot be parsed in another file of an ES module',
      files: {
        'package.json': '{ "name": "shop", "type": "module" }',
        'index.ts': `import './other.js';\n`,
        'other.ts': 'export const x: = 1;\n',
      },
      says: { ended: 'failed', place: { file: 'other.ts', line: 1 } },
    },
    {
      name: 'leaves by itself',
      files: { 'index.ts': `${bucket}process.exit(0);\n` },
      says: { ended: 'failed', reason: 'The program called process.exit(0).', place: { file: 'index.ts', line: 3 } },
    },
    {
      name: 'logs an error',
      files: {
        'index.ts': `import * as pulumi from '@pulumi/pulumi';\nvoid pulumi.log.error('the quota is used up');\n`,
      },
      says: { ended: 'failed', reason: 'the quota is used up' },
    },
    {
      name: 'has no Pulumi.yaml that can be read',
      files: { 'Pulumi.yaml': 'name: [shop\n' },
      says: { ended: 'failed', place: { file: 'Pulumi.yaml', line: 1 } },
    },
    {
      name: 'is written in another language',
      files: { 'Pulumi.yaml': 'name: shop\nruntime: python\n' },
      says: {
        ended: 'failed',
        reason:
          'The runtime is python, and only nodejs programs can be run. Check this program with the policy pack instead.',
      },
    },
    {
      name: 'has no program',
      files: {},
      says: { ended: 'failed' },
    },
  ])('$name', async ({ files, says }) => {
    const recording = await record(files);
    expect(recording).toMatchObject(says);
    expect(recording.reason).toMatch(/\S/);
  });

  it('does not end in time', async () => {
    const recording = await record(
      { 'index.ts': `${bucket}setImmediate(() => { for (;;); });\n` },
      { timeoutMs: 3_000 },
    );
    expect(recording).toMatchObject({ ended: 'timeout', reason: 'The program did not end within 3 s.' });
  });

  it('needs more memory than it may have', async () => {
    const grow = `const all: number[][] = [];\nfor (;;) all.push(new Array(100_000).fill(1));\n`;
    const recording = await record({ 'index.ts': grow }, { memoryMb: 128 });
    expect(recording).toMatchObject({
      ended: 'out-of-memory',
      reason: 'The program needed more than 128 MB of memory.',
    });
  });

  it('is stopped by its caller', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const recording = await record({ 'index.ts': 'for (;;);\n' }, { signal: stop.signal });
    expect(recording).toMatchObject({ ended: 'aborted', reason: 'The recording was stopped.' });
  });
});

describe('a program is kept from the machine it runs on', () => {
  it('sees no variable of the caller, and a folder of its own as home', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'really-secret';
    try {
      const recording = await record({
        'index.ts': `
import * as aws from '@pulumi/aws';
new aws.s3.Bucket('first', { tags: { key: process.env['AWS_SECRET_ACCESS_KEY']!, home: require('node:os').homedir() } });
`,
      });
      expect(recording.ended).toBe('complete');
      expect(
        JSON.stringify(recording.resources, (_key, value: unknown) => (value instanceof Map ? [...value] : value)),
      ).not.toMatch(/really-secret|\/root"|\/home\//);
    } finally {
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    }
  });

  it('asks for the network in vain', async () => {
    const recording = await record({
      'index.ts': `
import * as aws from '@pulumi/aws';
import * as net from 'node:net';
import * as dns from 'node:dns';
export = async () => {
  await fetch('http://169.254.169.254/latest').catch(() => undefined);
  await dns.promises.lookup('example.com').catch(() => undefined);
  await new Promise((done) => net.connect(80, '127.0.0.1').on('error', done));
  new aws.s3.Bucket('after');
};
`,
    });
    expect(recording).toMatchObject({
      ended: 'complete',
      refused: ['169.254.169.254:80', 'the address of example.com', '127.0.0.1:80'],
    });
    expect(recording.resources.map(({ name }) => name)).toEqual(['after']);
  });

  it('fails when it cannot do without the network', async () => {
    const recording = await record({
      'index.ts': `import * as http from 'node:http';\nexport = () => new Promise((_, no) => http.get('http://example.com').on('error', no));\n`,
    });
    expect(recording.ended).toBe('failed');
    expect(recording.refused).not.toEqual([]);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('nothing is left behind', () => {
  it('takes what the program started with it, even when the recorder is killed', async () => {
    const directory = program({
      'index.ts': `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const child = spawn('sleep', ['1000']);
writeFileSync(__dirname + '/pids-' + process.pid, String(process.pid) + ' ' + String(child.pid) + ' ' + process.env['HOME']);
for (;;);
`,
    });
    const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const script = `import(${JSON.stringify(entry)}).then(({ recordProgram }) => recordProgram({ directory: ${JSON.stringify(directory)} }))`;
    const recorder = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    const found = (): readonly string[] =>
      execFileSync('ls', [directory], { encoding: 'utf8' })
        .split('\n')
        .filter((name) => name.startsWith('pids-'));
    for (let tries = 0; tries < 200 && found().length < 2; tries += 1) await sleep(50);
    const notes = found().map((name) => readFileSync(path.join(directory, name), 'utf8').split(' '));
    expect(notes).toHaveLength(2);
    const pids = notes.flatMap(([program = '', child = '']) => [Number(program), Number(child)]);
    expect(pids.filter(alive)).toEqual(pids);

    recorder.kill('SIGKILL');
    await once(recorder, 'exit');
    for (let tries = 0; tries < 100 && pids.some(alive); tries += 1) await sleep(50);

    expect(pids.filter(alive)).toEqual([]);
    await sleep(200);
    expect(notes.map(([, , home = '']) => existsSync(home))).toEqual([false, false]);
  });
});
