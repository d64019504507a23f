import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv, promisify } from 'node:util';

import { type OpenBao, orNotRun, startOpenBao } from '@keyturn/services';
import { afterAll, beforeAll, expect, it } from 'vitest';

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

async function publish(server: OpenBao, user: string, generation: number): Promise<void> {
  const data = { username: user, password: `Password${generation}`, generation, version: `token-${generation}` };
  const answer = await fetch(`${server.url}/v1/secret/data/shop`, {
    method: 'POST',
    headers: { 'X-Vault-Token': server.rootToken },
    body: JSON.stringify({ data }),
  });
  expect(answer.status).toBe(200);
}

/** Renders with the agent that the injector puts beside a container. */
async function render(server: OpenBao, template: string): Promise<Record<string, string | undefined>> {
  const files = ['token', 'template', 'out', 'agent.hcl'].map((name) => path.join(folder, name));
  const [token = '', source = '', out = '', config = ''] = files;
  await writeFile(token, server.rootToken, { mode: 0o600 });
  await writeFile(source, template);
  await writeFile(
    config,
    `exit_after_auth = true
vault { address = "${server.url}" }
auto_auth { method "token_file" { config = { token_file_path = "${token}" } } }
template { source = "${source}" destination = "${out}" error_on_missing_key = true }`,
  );
  await promisify(execFile)(server.command, ['agent', `-config=${config}`], { timeout: 30_000 });
  return parseEnv(await readFile(out, 'utf8'));
}

it('is one file with the current credential, and the previous one as soon as there is one', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const both = agentTemplate({ path: 'shop' }, true);

  await publish(bao, 'shop_a', 1);
  expect(await render(bao, both)).toEqual({ DB_USER: 'shop_a', DB_PASSWORD: 'Password1', DB_GENERATION: '1' });

  await publish(bao, 'shop_b', 2);
  expect(await render(bao, both)).toEqual({
    DB_USER: 'shop_b',
    DB_PASSWORD: 'Password2',
    DB_GENERATION: '2',
    DB_PREVIOUS_USER: 'shop_a',
    DB_PREVIOUS_PASSWORD: 'Password1',
    DB_PREVIOUS_GENERATION: '1',
  });
  expect(await render(bao, agentTemplate({ path: 'shop' }, false))).not.toHaveProperty('DB_PREVIOUS_USER');
});
