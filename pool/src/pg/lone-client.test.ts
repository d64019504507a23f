import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type PostgresPair, ScriptedSource, startPostgresPair } from '../testing/postgres-pair.js';
import { connectClient } from './lone-client.js';

let pair: PostgresPair;
beforeAll(async () => {
  pair = await startPostgresPair();
});
afterAll(async () => await pair.stop());

describe('a client of its own', () => {
  it('reads the source again when its login is refused', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    await (await connectClient({ ...pair.at, credentials: source })).end();
    const second = await pair.advance();
    source.publish(second, { silently: true });
    await pair.lock(first.user);
    const client = await connectClient({ ...pair.at, credentials: source, loginBurstMillis: 0 });
    expect((await client.query<{ u: string }>('SELECT current_user AS u')).rows).toEqual([{ u: second.user }]);
    await client.end();
    expect(source.watchers).toBe(0);
  });

  it('is ended at the deadline after a rotation, with a warning', async () => {
    const first = await pair.advance();
    const source = new ScriptedSource(first);
    const client = await connectClient({ ...pair.at, credentials: source, stragglerTimeoutMillis: 100 });
    const ended = once(client, 'end');
    const warned = once(process, 'warning');
    source.publish(await pair.advance());
    await ended;
    const [warning] = (await warned) as [Error];
    expect(warning.message).toBe(
      `A connection of user "${first.user}", generation ${first.generation}, was still in use 100 ms after the rotation and is closed now.`,
    );
  });

  it('says what is wrong with its options', async () => {
    const credentials = new ScriptedSource({ user: 'a', password: 'b', generation: 1 });
    await expect(connectClient({ credentials, user: 'a' } as never)).rejects.toThrow('Remove `user`');
    await expect(connectClient({ credentials, connectionString: 'postgres://u:hunter2@h/d' })).rejects.toThrow(
      'The connection string holds a password',
    );
  });
});
