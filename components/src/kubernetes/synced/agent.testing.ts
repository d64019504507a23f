import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import type { OpenBao } from '@keyturn/services';

/** Publishes as keyturn's store does. */
export async function publish(server: OpenBao, user: string, generation: number): Promise<void> {
  const data = { username: user, password: `Password${generation}`, generation, version: `token-${generation}` };
  await server.ask('POST', 'secret/data/shop', { data });
}

/** Renders with the agent that the injector puts beside a container. */
export async function renderByAgent(server: OpenBao, folder: string, template: string): Promise<string> {
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
  return await readFile(out, 'utf8');
}
