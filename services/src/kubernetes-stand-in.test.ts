import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type KubernetesStandIn, startKubernetesStandIn } from './kubernetes-stand-in.js';

let standIn: KubernetesStandIn;
beforeAll(async () => {
  standIn = await startKubernetesStandIn();
});
afterAll(async () => await standIn.stop());

interface Answer {
  readonly code: number;
  readonly reason?: string;
  readonly metadata?: { readonly resourceVersion: string; readonly uid: string };
}

async function ask(method: string, name: string, body?: object): Promise<Answer> {
  const path = `/api/v1/namespaces/app/secrets${name === '' ? '' : `/${name}`}`;
  const response = await fetch(`${standIn.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { reason, metadata } = (await response.json()) as Partial<Answer>;
  return { code: response.status, ...(reason === undefined ? {} : { reason }), ...(metadata ? { metadata } : {}) };
}

const secret = (name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, ...metadata },
  data: { password: Buffer.from('one').toString('base64') },
  ...more,
});
const two = { data: { password: Buffer.from('two').toString('base64') } };

describe('the stand-in for the Kubernetes API', () => {
  it('takes an update of the latest resourceVersion and refuses one of an older', async () => {
    const { metadata } = await ask('POST', '', secret('db'));
    const { resourceVersion } = metadata ?? {};
    const updated = await ask('PUT', 'db', secret('db', two, { resourceVersion }));
    expect(updated.code).toBe(200);
    expect(updated.metadata?.resourceVersion).not.toBe(resourceVersion);
    expect(await ask('PUT', 'db', secret('db', {}, { resourceVersion }))).toEqual({ code: 409, reason: 'Conflict' });
    expect(standIn.read('secrets', 'app', 'db')?.data).toEqual(two.data);
  });

  it('keeps the resourceVersion when an update changes nothing, and takes one without', async () => {
    const created = await ask('POST', '', secret('same'));
    const again = await ask('PUT', 'same', secret('same'));
    expect(again.metadata?.resourceVersion).toBe(created.metadata?.resourceVersion);
    const changed = await ask('PUT', 'same', secret('same', two));
    expect(changed.metadata?.resourceVersion).not.toBe(created.metadata?.resourceVersion);
    expect(changed.metadata?.uid).toBe(created.metadata?.uid);
  });

  it('keeps an immutable Secret as it is', async () => {
    await ask('POST', '', secret('fixed', { immutable: true }));
    for (const change of [two, { immutable: false }, { ...two, immutable: true }]) {
      expect(await ask('PUT', 'fixed', secret('fixed', change))).toEqual({ code: 422, reason: 'Invalid' });
    }
    expect((await ask('DELETE', 'fixed')).code).toBe(200);
  });

  it('deletes what was read, and nothing that took its place', async () => {
    const { metadata } = await ask('POST', '', secret('gone'));
    const options = (uid: string | undefined) => ({ kind: 'DeleteOptions', preconditions: { uid } });
    expect(await ask('DELETE', 'gone', options('another'))).toEqual({ code: 409, reason: 'Conflict' });
    expect((await ask('DELETE', 'gone', options(metadata?.uid))).code).toBe(200);
  });

  it.each([
    { name: 'reads what is not there', answer: ask.bind(undefined, 'GET', 'nothing'), code: 404, reason: 'NotFound' },
    {
      name: 'updates what is not there',
      answer: async () => await ask('PUT', 'nothing', secret('nothing')),
      code: 404,
      reason: 'NotFound',
    },
    {
      name: 'creates over a name',
      answer: async () => (await ask('POST', '', secret('twice')), await ask('POST', '', secret('twice'))),
      code: 409,
      reason: 'AlreadyExists',
    },
    {
      name: 'creates with a resourceVersion',
      answer: async () => await ask('POST', '', secret('rv', {}, { resourceVersion: '1' })),
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'sends a value that is not base64',
      answer: async () => await ask('POST', '', secret('raw', { data: { password: 'p@ss' } })),
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'uses a name with capitals',
      answer: async () => await ask('POST', '', secret('DB')),
      code: 422,
      reason: 'Invalid',
    },
    {
      name: 'uses a key with a slash',
      answer: async () => await ask('POST', '', secret('key', { data: { 'a/b': '' } })),
      code: 422,
      reason: 'Invalid',
    },
    {
      name: 'changes the type',
      answer: async () => (
        await ask('POST', '', secret('typed')),
        await ask('PUT', 'typed', secret('typed', { type: 'kubernetes.io/basic-auth' }))
      ),
      code: 422,
      reason: 'Invalid',
    },
  ])('refuses one who $name', async ({ answer, code, reason }) => {
    expect(await answer()).toEqual({ code, reason });
  });
});
