import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { startKubernetesStandIn, type KubernetesStandIn } from '@keyturn/services';
import { afterEach, describe, expect, it } from 'vitest';

import { kubernetesApi } from '../stores/kubernetes/kubernetes-secret-store.js';
import { deployments, otherDeployments } from './deployments.js';
import { gatewayRoute } from './gateway-route.js';
import { gradually, type GradualOptions } from './gradual.js';
import { prometheusCheck } from './prometheus.js';

const tested = { user: 'shop_b', generation: 2, version: 'v2' };
const good = (): Promise<undefined> => Promise.resolve(undefined);

interface Trial {
  readonly answer: string | undefined;
  readonly shares: readonly number[];
  readonly waited: number;
}

async function trial(change: Partial<GradualOptions> = {}): Promise<Trial> {
  const shares: number[] = [];
  let waited = 0;
  const mayPublish = gradually({
    traffic: {
      name: 'the gateway',
      give: (user, percent) => {
        expect(user).toBe('shop_b');
        shares.push(percent);
        return Promise.resolve();
      },
    },
    fleet: good,
    other: good,
    check: good,
    each: '1m',
    every: '20s',
    sleep: (millis) => {
      waited += millis;
      return Promise.resolve();
    },
    ...change,
  });
  return { answer: await mayPublish(tested), shares, waited };
}

/** Answers good so many times, and then this. */
function after(times: number, then: () => Promise<string | undefined>): () => Promise<string | undefined> {
  let asked = 0;
  return () => ((asked += 1) > times ? then() : Promise.resolve(undefined));
}
const failing = (): Promise<never> => Promise.reject(new Error('connection refused'));

describe('a candidate that is tried with a growing share of the traffic', () => {
  it('is published after 10, 50 and 100 %, each looked at for its time', async () => {
    expect(await trial()).toEqual({ answer: undefined, shares: [10, 50, 100], waited: 180_000 });
  });

  it('gets everything at once when it is the first of all, which has no other fleet beside it', async () => {
    const shares: number[] = [];
    const give = (_: string, percent: number) => Promise.resolve(void shares.push(percent));
    const check = () => Promise.reject(new Error('nobody asks'));
    const first = gradually({ traffic: { name: 'the gateway', give }, fleet: good, other: check, check });
    expect(await first({ ...tested, generation: 1 })).toBeUndefined();
    expect(shares).toEqual([100]);
  });

  it('gets no traffic before its fleet is there', async () => {
    const fleet = () => Promise.resolve('Deployment shop/web-b names no version');
    expect(await trial({ fleet })).toEqual({ answer: 'Deployment shop/web-b names no version', shares: [], waited: 0 });
  });

  it('gets no traffic while there is no other fleet to give it back to, and is not asked for that again later', async () => {
    const other = () => Promise.resolve('Deployment shop/web-a is not there');
    expect(await trial({ other })).toEqual({ answer: 'Deployment shop/web-a is not there', shares: [], waited: 0 });
    const once = after(1, () => Promise.resolve('Deployment shop/web-a is not there'));
    expect(await trial({ other: once })).toMatchObject({ answer: undefined, shares: [10, 50, 100] });
  });

  it.each([
    ['at the first look', 0, [10, 0], 10],
    ['at the last look of the second step', 5, [10, 50, 0], 50],
    ['at the last look of all', 8, [10, 50, 100, 0], 100],
  ] as const)('gives everything back when it is bad %s', async (_, looks, shares, percent) => {
    const check = after(looks, () => Promise.resolve('3 logins were refused'));
    expect(await trial({ check })).toMatchObject({
      shares,
      answer: `With ${percent} % of the traffic of the gateway, the fleet of shop_b was bad: 3 logins were refused. The other fleet has all of it again.`,
    });
  });

  it('gives everything back when its pods go away meanwhile', async () => {
    const fleet = after(3, () => Promise.resolve('1 of 2 pods are available'));
    expect((await trial({ fleet })).shares).toEqual([10, 0]);
  });

  it('goes on after one look without an answer, and not after two', async () => {
    let asked = 0;
    const once = () => ((asked += 1) === 2 ? failing() : good());
    expect((await trial({ check: once })).answer).toBeUndefined();
    const blind = await trial({ check: after(1, failing) });
    expect(blind.shares).toEqual([10, 0]);
    expect(blind.answer).toContain('nobody could look (connection refused)');
  });

  it('is not published when the last look of a step had no answer', async () => {
    let asked = 0;
    const last = () => ((asked += 1) === 9 ? failing() : good());
    expect((await trial({ check: last })).shares).toEqual([10, 50, 100, 0]);
  });

  it.each([[[10, 50]], [[50, 10, 100]], [[]], [[0, 100]], [[10, 100, 100]]])('refuses the steps %j', (steps) => {
    const options = {
      traffic: { name: 'x', give: () => Promise.resolve() },
      fleet: good,
      other: good,
      check: good,
      steps,
    };
    expect(() => gradually(options)).toThrow('`steps` have to grow up to 100');
  });
});

describe('Prometheus', () => {
  const answers: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
    const vector = (value: unknown) => ({ status: 'success', data: { resultType: 'vector', result: value } });
    const answer = answers[query];
    if (answer === 'error') response.writeHead(422).end(JSON.stringify({ status: 'error', error: 'parse error' }));
    else response.end(JSON.stringify(vector(answer)));
  });

  it('tells refused logins and too many errors, and nothing where there were no requests', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const address = `http://127.0.0.1:${port}`;
    const look = prometheusCheck({ address, refusedLogins: 'refused', errorRate: 'errors' });
    const says = async (refused: unknown, errors: unknown) => {
      Object.assign(answers, { refused, errors });
      return await look(tested);
    };
    const value = (number: string) => [{ metric: {}, value: [1, number] }];
    try {
      expect(await says([], [])).toBeUndefined();
      expect(await says(value('0'), value('NaN'))).toBeUndefined();
      expect(await says(value('0'), value('0.01'))).toBeUndefined();
      expect(await says(value('0'), value('0.0101'))).toBe('1.01 % of its requests failed, and 1 % is taken');
      expect(await says(value('3'), value('0'))).toBe('3 logins were refused');
      await expect(says('error', [])).rejects.toThrow(`Prometheus at ${address} answered 422 parse error`);
      await expect(says([{ metric: {} }], [])).rejects.toThrow('without a number');
    } finally {
      server.close();
      server.closeAllConnections();
    }
    await expect(look(tested)).rejects.toThrow('does not answer');
  });

  it('is asked about the fleet, the user and the version that are tried, and what is PromQL stays', async () => {
    const queries: (string | null)[] = [];
    const asked = createServer((request, response) => {
      queries.push(new URL(request.url ?? '', 'http://x').searchParams.get('query'));
      response.end(JSON.stringify({ status: 'success', data: { result: [] } }));
    });
    await new Promise<void>((resolve) => asked.listen(0, '127.0.0.1', resolve));
    const { port } = asked.address() as AddressInfo;
    const queried = {
      address: `http://127.0.0.1:${port}`,
      refusedLogins: 'sum(refused{user="${user}", version="${version}"})',
      errorRate: 'label_replace(errors{pod=~"${fleet}-.*"}, "x", "${1}", "pod", "(.*)")',
    };
    try {
      await prometheusCheck({ ...queried, fleets: { shop_b: 'web-b' } })(tested);
      expect(queries).toEqual([
        'sum(refused{user="shop_b", version="v2"})',
        'label_replace(errors{pod=~"web-b-.*"}, "x", "${1}", "pod", "(.*)")',
      ]);
      await expect(prometheusCheck(queried)(tested)).rejects.toThrow('The query holds ${fleet}');
    } finally {
      asked.close();
      asked.closeAllConnections();
    }
  });
});

describe('a Gateway API route', () => {
  let standIn: KubernetesStandIn | undefined;
  afterEach(async () => await standIn?.stop());

  const route = (backendRefs: object[]) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'web' },
    spec: { hostnames: ['shop.example'], rules: [{ backendRefs }, { backendRefs: [{ name: 'docs', port: 80 }] }] },
  });

  it('remembers a candidate that was bad, and tries it again when a person says so, and another one at once', async () => {
    const at = (standIn = await startKubernetesStandIn());
    const put = (): void =>
      at.write('httproutes', 'shop', route(['web-a', 'web-b'].map((name) => ({ name, port: 80, weight: 50 }))));
    put();
    const api = kubernetesApi({ server: at.url, namespace: 'shop' });
    const traffic = gatewayRoute({ api, route: 'web', services: { shop_a: 'web-a', shop_b: 'web-b' } });
    const bad = () => Promise.resolve('3 logins were refused');
    const tries = async (version: string, check: () => Promise<string | undefined>) => {
      const from = at.requests.length;
      const sleep = () => Promise.resolve();
      const answer = await gradually({ traffic, fleet: good, other: good, check, sleep })({ ...tested, version });
      return { answer, moved: at.requests.slice(from).filter((line) => line.startsWith('PUT')).length };
    };
    expect(await tries('v2', bad)).toMatchObject({ moved: 2 });
    const again = await tries('v2', good);
    expect(again.moved).toBe(0);
    expect(again.answer).toContain(
      'Version v2 of shop_b was tried with part of the traffic of HTTPRoute shop/web and was bad. Mend its fleet, then let it be tried again: kubectl annotate httproute web --namespace shop keyturn.dev/aborted-version-.',
    );
    expect(await tries('v3', good)).toEqual({ answer: undefined, moved: 3 });
    expect(at.read('httproutes', 'shop', 'web')?.metadata['annotations']).toEqual({});
    await tries('v2', bad);
    put();
    expect(await tries('v2', good)).toEqual({ answer: undefined, moved: 3 });
  });

  it('moves the weights of both fleets, over a change of somebody else, and nothing besides', async () => {
    const at = (standIn = await startKubernetesStandIn());
    const refs = (a: number, b: number) => [
      { name: 'web-a', port: 80, weight: a },
      { name: 'web-b', port: 80, weight: b },
    ];
    at.write('httproutes', 'shop', route(refs(100, 0)));
    const api = kubernetesApi({ server: at.url, namespace: 'shop' });
    let first = true;
    const racing: typeof api = {
      namespace: 'shop',
      request: async (method, path, body) => {
        if (method === 'PUT' && first) {
          first = false;
          at.write('httproutes', 'shop', {
            ...route(refs(100, 0)),
            metadata: { name: 'web', labels: { by: 'other' } },
          });
        }
        return await api.request(method, path, body);
      },
    };
    const services = { shop_a: 'web-a', shop_b: 'web-b' };
    await gatewayRoute({ api: racing, route: 'web', services }).give('shop_b', 10);

    const found = at.read('httproutes', 'shop', 'web');
    expect(found?.spec).toEqual(route(refs(90, 10)).spec);
    expect(found?.metadata.labels).toEqual({ by: 'other' });
    await gatewayRoute({ api, route: 'web', services }).give('shop_a', 100);
    expect(at.read('httproutes', 'shop', 'web')?.spec).toEqual(route(refs(100, 0)).spec);

    const elsewhere = gatewayRoute({ api, route: 'web', services: { shop_a: 'web-a', shop_b: 'web-c' } });
    await expect(elsewhere.give('shop_b', 10)).rejects.toThrow(
      'HTTPRoute shop/web has no rule with the Services web-a and web-c as backends.',
    );
    await expect(gatewayRoute({ api, route: 'none', services }).give('shop_b', 10)).rejects.toThrow('status 404');
    await expect(gatewayRoute({ api, route: 'web', services }).give('shop_c', 10)).rejects.toThrow('that of shop_c');
  });

  it('waits for a Deployment that runs with the candidate, whole', async () => {
    const at = (standIn = await startKubernetesStandIn());
    const api = kubernetesApi({ server: at.url, namespace: 'shop' });
    const look = deployments({ api, deployments: { shop_a: 'web-a', shop_b: 'web-b' } });
    const put = (version: string | undefined, replicas: number, available: number): void =>
      at.write('deployments', 'shop', {
        metadata: { name: 'web-b' },
        spec: {
          replicas,
          template: { metadata: { annotations: version === undefined ? {} : { 'keyturn.dev/version': version } } },
        },
        status: { observedGeneration: 1, updatedReplicas: replicas, availableReplicas: available },
      });
    expect(await look(tested)).toBe('There is no Deployment shop/web-b yet. Deploy it with version v2 of shop_b.');
    put(undefined, 2, 2);
    expect(await look(tested)).toContain(
      'names no version in its pod template, and shop_b is to be tried as version v2',
    );
    put('v1', 2, 2);
    expect(await look(tested)).toContain('names version v1');
    put('v2', 0, 0);
    expect(await look(tested)).toBe('Deployment shop/web-b has no pods. Scale it up.');
    put('v2', 2, 1);
    expect(await look(tested)).toBe('1 of 2 pods of Deployment shop/web-b are available');
    put('v2', 2, 2);
    expect(await look(tested)).toBeUndefined();
  });

  it('takes no traffic off a fleet that has no pod to take it again', async () => {
    const at = (standIn = await startKubernetesStandIn());
    const api = kubernetesApi({ server: at.url, namespace: 'shop' });
    const look = otherDeployments({ api, deployments: { shop_a: 'web-a', shop_b: 'web-b' } });
    const put = (status: object): void => at.write('deployments', 'shop', { metadata: { name: 'web-a' }, status });
    expect(await look(tested)).toBe(
      'Deployment shop/web-a is not there, and it has to take all of the traffic again when the fleet of shop_b is bad. Deploy it with the version of shop_a that is published.',
    );
    put({});
    expect(await look(tested)).toContain('Deployment shop/web-a has no pod that is available');
    put({ availableReplicas: 1 });
    expect(await look(tested)).toBeUndefined();
    const one = otherDeployments({ api, deployments: { shop_b: 'web-b' } });
    await expect(one(tested)).rejects.toThrow('There has to be a Deployment for each of two users');
  });
});
