import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';

import { type OpenBao, orNotRun, startOpenBao } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { publish, renderByAgent } from './agent.testing.js';
import { agentTemplate } from './vault-agent.js';

let bao: OpenBao;
let missing: string | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-agent-'));
  const started = await orNotRun(startOpenBao);
  if (started.part) bao = started.part;
  else missing = started.because;
});

afterAll(async () => {
  if (missing === undefined) await bao.stop();
  await rm(folder, { recursive: true, force: true });
});

const render = async (server: OpenBao, at: string, template: string) =>
  parseEnv(await renderByAgent(server, at, template));

it('is one file with the current credential, and the previous one as soon as there is one', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const both = agentTemplate({ path: 'shop' }, true);

  await publish(bao, 'shop_a', 1);
  expect(await render(bao, folder, both)).toEqual({ DB_USER: 'shop_a', DB_PASSWORD: 'Password1', DB_GENERATION: '1' });

  await publish(bao, 'shop_b', 2);
  expect(await render(bao, folder, both)).toEqual({
    DB_USER: 'shop_b',
    DB_PASSWORD: 'Password2',
    DB_GENERATION: '2',
    DB_PREVIOUS_USER: 'shop_a',
    DB_PREVIOUS_PASSWORD: 'Password1',
    DB_PREVIOUS_GENERATION: '1',
  });
  expect(await render(bao, folder, agentTemplate({ path: 'shop' }, false))).not.toHaveProperty('DB_PREVIOUS_USER');
});
