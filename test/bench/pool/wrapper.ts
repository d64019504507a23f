import { setTimeout as after } from 'node:timers/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Queryable } from './load.js';
import type { Server } from './server.js';
import { connections, type Subject } from './subjects.js';

interface WrapperModule {
  readonly AwsPgPoolClient: new (config: object, pool: object) => Queryable & { end(): Promise<void> };
}

export const wrapperName = 'aws-advanced-nodejs-wrapper';

const lifetimeSeconds = 1;

/**
 * The wrapper of AWS with its Secrets Manager plugin: it caches the secret, and reads it again when a login with it is refused. Nothing
 * when it is not installed below `folder`.
 */
export async function wrapper(server: Server, folder: string): Promise<Subject | undefined> {
  const resolve = createRequire(path.join(path.resolve(folder), 'package.json'));
  let entry: string;
  try {
    entry = resolve.resolve(`${wrapperName}/pg`);
  } catch {
    return undefined;
  }
  process.env['AWS_ACCESS_KEY_ID'] ??= 'none';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'none';
  const { AwsPgPoolClient } = (await import(pathToFileURL(entry).href)) as WrapperModule;
  const secrets = createServer((request, response) => {
    request.resume();
    const { user: username, password } = server.published;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ Name: 'shop', SecretString: JSON.stringify({ username, password }) }));
  });
  await new Promise<void>((listening) => secrets.listen(0, '127.0.0.1', listening));
  const { port } = secrets.address() as AddressInfo;
  const pool = new AwsPgPoolClient(
    {
      ...server.at,
      plugins: 'secretsManager',
      secretId: 'shop',
      secretRegion: 'eu-west-1',
      secretEndpoint: `http://127.0.0.1:${port}`,
    },
    { maxConnections: connections, minConnections: 0, maxLifetimeSeconds: lifetimeSeconds },
  );
  return {
    name: wrapperName,
    db: pool,
    // Nobody listens for errors of its idle connections: one that the server ends would end the process.
    published: async () => await after(lifetimeSeconds * 1_100),
    async end() {
      await pool.end();
      secrets.closeAllConnections();
      await new Promise((closed) => secrets.close(closed));
    },
  };
}
