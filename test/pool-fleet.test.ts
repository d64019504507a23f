import { expect, it } from 'vitest';

import { refreshAtOnce } from './bench/pool/fleet.js';

it('asks the store once and has one login refused for each process, when a credential stops working under twelve at once', async () => {
  expect(await refreshAtOnce(12)).toEqual({
    processes: 12,
    queries: 48,
    failed: 0,
    requestsToStart: 12,
    requestsToRefresh: 12,
    refusedLogins: 12,
    onNewCredential: 12,
  });
}, 120_000);
