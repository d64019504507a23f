import { utimesSync } from 'node:fs';
import path from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';
import { evidenceFrom } from './evidence.js';

const at = Date.UTC(2030, 0, 1);
const iso = (offset: number): string => new Date(at + offset).toISOString();
const question = {
  user: 'app_a',
  generation: 3,
  publishedAt: at,
  consumers: [{ name: 'batch', inPlaceAt: at }],
};

let world: World | undefined;
afterEach(() => world?.remove());

async function heldBy(text: string, modified?: number): Promise<unknown> {
  world = makeWorld({ 'evidence.json': text });
  if (modified !== undefined) utimesSync(path.join(world.folder, 'evidence.json'), modified / 1_000, modified / 1_000);
  const stream = { write: () => undefined };
  const evidence = await evidenceFrom('evidence.json', { cwd: world.folder, env: {}, stdout: stream, stderr: stream });
  return await evidence?.(question);
}

const pod = (name: string, more: object, label: object = { app: 'batch' }) => ({
  metadata: { name, labels: label },
  status: {
    phase: 'Running',
    podIP: '10.0.0.7',
    containerStatuses: [{ state: { running: { startedAt: iso(60_000) } } }],
  },
  ...more,
});

describe('evidence from a file', () => {
  it('names who started before, where it is and since when', async () => {
    const written = {
      asOf: iso(5_000),
      consumers: {
        batch: [
          { name: 'new', startedAt: iso(1) },
          { name: 'old', startedAt: iso(-1), address: '10.0.0.9' },
        ],
      },
    };
    expect(await heldBy(JSON.stringify(written))).toEqual([
      { endpoint: 'batch', user: 'app_a', application: 'old', clientAddress: '10.0.0.9', since: new Date(at - 1) },
    ]);
  });

  it.each([
    { text: '{', says: 'The evidence evidence.json is not JSON.' },
    { text: '{"consumers":{}}', says: 'The file lacks "asOf".' },
    { text: `{"asOf":"today","consumers":{}}`, says: '"asOf" must match format "date-time".' },
    {
      text: `{"asOf":"${iso(0)}","consumers":{"batch":[{"name":"x","started":"${iso(0)}"}]}}`,
      says: '"consumers.batch.0" has an unknown key "started". Did you mean "startedAt"?',
    },
  ])('refuses $text', async ({ text, says }) => {
    await expect(heldBy(text)).rejects.toThrow(says);
  });
});

describe('evidence from kubectl', () => {
  const list = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const states = (...offsets: number[]) => ({
    status: {
      phase: 'Running',
      containerStatuses: offsets.map((offset) => ({ state: { running: { startedAt: iso(offset) } } })),
    },
  });

  it.each([
    { name: 'a pod that started after', items: [pod('new', {})], holds: [] },
    { name: 'a pod whose other container is older', items: [pod('half', states(60_000, -60_000))], holds: ['half'] },
    {
      name: 'a job that has ended',
      items: [pod('new', {}), pod('done', { status: { phase: 'Succeeded' } })],
      holds: [],
    },
    {
      name: 'an older pod that names the generation',
      items: [
        pod('named', {
          ...states(-60_000),
          metadata: { name: 'named', labels: { app: 'batch' }, annotations: { 'keyturn.dev/generation': '3' } },
        }),
      ],
      holds: [],
    },
    {
      name: 'a pod of a job that runs since before',
      items: [pod('job', states(-60_000), { 'batch.kubernetes.io/job-name': 'batch' })],
      holds: ['job'],
    },
    { name: 'pods of others only', items: [pod('web', {}, { app: 'web' })], holds: ['no evidence about it'] },
  ])('$name', async ({ items, holds }) => {
    const found = (await heldBy(list(...items), at + 3_600_000)) as { application: string }[];
    expect(found.map(({ application }) => application)).toEqual(holds);
  });

  it('counts from a minute before the list was written', async () => {
    expect(await heldBy(list(pod('new', {})), at + 59_999)).toMatchObject([{ endpoint: 'batch' }]);
    expect(await heldBy(list(pod('new', {})), at + 60_000)).toEqual([]);
  });
});
