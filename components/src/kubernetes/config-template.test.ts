import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { PlanError } from '@keyturn/plan';
import { type OpenBao, orNotRun, startOpenBao } from '@keyturn/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TemplateError } from '../config-template/template.js';
import { TransformError } from '../transform.js';
import { inputsOf, lister, mockEngine, valueOf } from './building.testing.js';
import { ConfigTemplate, type ConfigTemplateArgs } from './config-template.js';
import { missingSchemaOf, problemsOf } from './strict.testing.js';
import { publish, renderByAgent } from './synced/agent.testing.js';

const eso = { kind: 'external-secrets', store: { name: 'vault' }, key: 'shop' } as const;
const vso = { kind: 'vault-secrets-operator', path: 'shop' } as const;
const agent = { kind: 'vault-agent-injector', role: 'web', path: 'shop' } as const;
const args: ConfigTemplateArgs = {
  namespace: 'shop',
  by: eso,
  files: { 'app.conf': 'url=postgres://${DB_USER}:$DB_PASSWORD@$DB_HOST/app {{ keep }} $HOME\n' },
  values: { DB_HOST: 'db' },
  reload: { by: 'watch' },
  plan: { every: '30 days', consumers: [{ name: 'web', chain: [{ kind: 'pool', longest: '30m' }] }] },
};
const expected = 'url=postgres://shop_a:Password1@db/app {{ keep }} $HOME\n';

beforeAll(mockEngine);

async function build(name: string, change: Partial<ConfigTemplateArgs> = {}) {
  const { lines, options } = lister();
  const template = new ConfigTemplate(name, { ...args, ...change }, options);
  await valueOf(template.ready);
  return { template, lines };
}

describe('the children of ConfigTemplate', () => {
  it('have names that never change', async () => {
    expect((await build('conf')).lines).toEqual([
      'conf: keyturn:kubernetes:ConfigTemplate',
      'conf-object: kubernetes:external-secrets.io/v1:ExternalSecret < conf',
    ]);
    expect((await build('bare', { by: agent })).lines).toEqual(['bare: keyturn:kubernetes:ConfigTemplate']);
  });

  it.for([
    { name: 'eso', by: eso },
    { name: 'vso', by: vso },
  ])('are what the cluster takes ($name)', async ({ name, by }, context) => {
    await build(`valid-${name}`, { by });
    const object = inputsOf(`valid-${name}-object`);
    const missing = missingSchemaOf(String(object['kind']));
    if (missing !== undefined) context.skip(missing);
    expect(problemsOf(object)).toEqual([]);
  });
});

describe('what is rendered', () => {
  let bao: OpenBao;
  let missing: string | undefined;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'keyturn-rendered-'));
    const started = await orNotRun(startOpenBao);
    if (started.part) bao = started.part;
    else missing = started.because;
    if (started.part) await publish(bao, 'shop_a', 1);
  });
  afterAll(async () => {
    if (missing === undefined) await bao.stop();
    await rm(folder, { recursive: true, force: true });
  });

  // All three are templates of Go; what differs is where the operators put the keys, which the frame around the template does as they do.
  it.for([
    {
      name: 'by External Secrets',
      by: eso,
      at: ['target', 'template', 'data', 'app.conf'],
      frame: ['{{ with secret "secret/data/shop" }}{{ with .Data.data }}', '{{ end }}{{ end }}'],
    },
    {
      name: 'by the Vault Secrets Operator',
      by: vso,
      at: ['destination', 'transformation', 'templates', 'app.conf', 'text'],
      frame: ['{{ with secret "secret/data/shop" }}{{ with sprig_dict "Secrets" .Data.data }}', '{{ end }}{{ end }}'],
    },
  ])('$name is what envsubst would make', async ({ by, at, frame, name }, context) => {
    if (missing !== undefined) context.skip(missing);
    await build(name, { by });
    const text = at.reduce<unknown>(
      (value, key) => (value as Record<string, unknown>)[key],
      inputsOf(`${name}-object`)['spec'],
    );
    expect(await renderByAgent(bao, folder, `${frame[0] ?? ''}${String(text)}${frame[1] ?? ''}`)).toBe(expected);
  });

  it('by the agent is what envsubst would make', async (context) => {
    if (missing !== undefined) context.skip(missing);
    const reload = { by: 'signal', process: 'nginx' } as const;
    const { template } = await build('signalled', { by: agent, reload });
    const { rendered } = template;
    const annotations = rendered.kind === 'agent' ? rendered.podAnnotations : {};
    expect(annotations['vault.hashicorp.com/agent-inject-command-app.conf']).toBe('pkill -HUP -x nginx');
    const text = annotations['vault.hashicorp.com/agent-inject-template-app.conf'] ?? '';
    expect(await renderByAgent(bao, folder, text)).toBe(expected);
  });
});

it('says how a workload is restarted', async () => {
  const { template } = await build('restarted', { reload: { by: 'restart' }, secretName: 'conf' });
  expect(template.rendered).toEqual({
    kind: 'secret',
    secretName: 'conf',
    workloadAnnotations: { 'secret.reloader.stakater.com/reload': 'conf' },
  });
});

describe('what ConfigTemplate refuses', () => {
  it.each<{ change: Partial<ConfigTemplateArgs>; says: string }>([
    { change: { files: { a: '$DB_USER' } }, says: 'The template does not use ${DB_PASSWORD}.' },
    { change: { files: {} }, says: 'There is no file to render.' },
    { change: { files: { 'a/b': '' } }, says: '"a/b" cannot be a file of a Secret.' },
    {
      change: { reload: { by: 'signal', process: 'nginx' } },
      says: 'An operator writes a Secret and tells no process.',
    },
    { change: { by: agent, reload: { by: 'restart' } }, says: 'Reloader sees Secrets, and the agent writes none.' },
    { change: { by: agent, reload: { by: 'signal', process: 'a; b' } }, says: 'got "a; b"' },
  ])('$says', ({ change, says }) => {
    const broken = () => new ConfigTemplate('refused', { ...args, ...change });
    expect(broken).toThrow(TemplateError);
    expect(broken).toThrow(says);
  });

  it('is a plan that it cannot follow, and a transform that slows it down', () => {
    expect(() => new ConfigTemplate('late', { ...args, plan: { ...args.plan, every: '32m' } })).toThrow(PlanError);
    const transform = { object: { spec: { refreshInterval: '0' } } };
    expect(() => new ConfigTemplate('slow', { ...args, transform })).toThrow(TransformError);
  });
});
