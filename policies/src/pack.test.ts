import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import analyzerServices from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { typeTokens } from '@keyturn/plan';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from './accept.js';
import { exceptionsId, undecidedId } from './crossguard/policies.js';
import { policies } from './policies/index.js';

const signature = '4dabf18193072939515e22adb298388d';
const secret = (value: unknown) => ({ [signature]: '1b47061264138c4ac30d75fd1eb44270', value });
const unknownText = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const asset = { [signature]: 'c44067f5952c0a294b673a41bacd8c17', text: 'hello' };
const canary = 'canary-d41d8cd98f00';

const exceptionsFile = path.join(mkdtempSync(path.join(tmpdir(), 'keyturn-pack-')), 'exceptions.json');
writeFileSync(
  exceptionsFile,
  JSON.stringify([
    {
      rule: 'require-rotation-schedule',
      urn: `urn:pulumi:*::p::${typeTokens.awsSecret}::accepted`,
      reason: 'moves in May',
    },
    {
      rule: 'require-rotation-schedule',
      urn: `urn:pulumi:*::p::${typeTokens.awsSecret}::over`,
      reason: 'moved',
      until: '2020-01-01',
    },
  ]),
);

let pack: { client: analyzerServices.AnalyzerClient; process: ChildProcess };

beforeAll(async () => {
  pack = await serve({
    PULUMI_CONFIG: JSON.stringify({ 'app:password': 'from-the-configuration' }),
    DB_PASSWORD: 'from-the-environment',
    KEYTURN_EXCEPTIONS: exceptionsFile,
  });
}, 100_000);

afterAll(() => {
  pack.client.close();
  pack.process.kill();
  rmSync(path.dirname(exceptionsFile), { recursive: true });
});

describe('the pack, on the policy server of Pulumi', () => {
  it('says what it holds', async () => {
    const info = await call<analyzer.AnalyzerInfo>((done) => pack.client.getAnalyzerInfo(new empty.Empty(), done));
    expect(info.getName()).toBe('keyturn');
    expect(info.getPoliciesList().map((policy) => policy.getName())).toEqual([
      ...policies.map(({ facts }) => facts.id),
      undecidedId,
      exceptionsId,
    ]);
    const schedule = info.getPoliciesList().find((policy) => policy.getName() === 'require-rotation-schedule');
    expect(schedule?.getConfigschema()?.getProperties()?.toJavaScript()).toMatchObject({
      maxDays: { type: 'integer', minimum: 1, maximum: 365, default: 90 },
    });
    expect(schedule?.getUrl()).toMatch(/require-rotation-schedule\.md$/);
  });

  it('does not decide where a text comes from that no configuration has, and never says it', async () => {
    const said = await analyzeStack([
      { type: typeTokens.awsRdsInstance, name: 'db', properties: { password: secret(canary) } },
    ]);
    expect(said).toEqual([
      {
        policy: undecidedId,
        urn: 'urn:pulumi:s::p::aws:rds/instance:Instance::db',
        message: expect.stringContaining(
          'no-hardcoded-password: `password` of db may be written in the program, or a function may give it',
        ) as string,
      },
    ]);
    expect(JSON.stringify(said)).not.toContain(canary);
  });

  it('says nothing undecided of a policy that is switched off, or decided by its options', async () => {
    const stack = [{ type: typeTokens.awsRdsInstance, name: 'db', properties: { password: secret(canary) } }];
    expect(await analyzeStack(stack)).toHaveLength(1);
    try {
      await configure('no-hardcoded-password', {}, analyzer.EnforcementLevel.DISABLED);
      expect(await analyzeStack(stack)).toEqual([]);
    } finally {
      await call((done) => pack.client.configure(new analyzer.ConfigureAnalyzerRequest(), done));
    }
  });

  it('knows values of the configuration and of the environment, and outputs of other resources', async () => {
    const fromEnvironment = { password: secret('from-the-environment') };
    const random = {
      type: 'random:index/randomPassword:RandomPassword',
      name: 'r',
      properties: { result: secret(canary) },
    };
    const said = await analyzeStack([
      random,
      { type: typeTokens.awsRdsInstance, name: 'a', properties: { password: secret('from-the-configuration') } },
      {
        type: typeTokens.awsRdsInstance,
        name: 'b',
        properties: { password: secret(canary) },
        dependencies: { password: [urnOf(random)] },
      },
      { type: typeTokens.awsRdsInstance, name: 'c', properties: fromEnvironment },
    ]);
    // A pack is not told which keys of the configuration are secret.
    expect(said.map(({ message }) => message.split('\n').slice(1))).toEqual([
      [
        'no-plain-config-credential: a: whether the configuration of `password` is secret is not known before the deployment',
      ],
    ]);
  });

  it('reads beside an unknown without giving up, and says what it could not decide', async () => {
    const said = await analyzeStack([
      {
        type: typeTokens.awsRdsInstance,
        name: 'db',
        properties: { endpoint: unknownText, password: secret(canary), tags: { a: unknownText } },
      },
      { type: typeTokens.awsRdsInstance, name: 'other', properties: { password: secret(unknownText) } },
    ]);
    expect(said.map(({ policy }) => policy)).toEqual([undecidedId, undecidedId]);
    expect(said.map(({ message }) => message).join()).not.toContain("can't run");
  });

  it('links a rotation to its secret by the dependency', async () => {
    const vault = { type: typeTokens.awsSecret, name: 'db', properties: { tags: {} } };
    const rotation = {
      type: typeTokens.awsSecretRotation,
      name: 'turn',
      properties: { secretId: unknownText, rotationLambdaArn: 'arn:f', rotationRules: { automaticallyAfterDays: 30 } },
      dependencies: { secretId: [urnOf(vault)] },
    };
    expect(await analyzeStack([vault, rotation])).toEqual([]);
    expect((await analyzeStack([vault])).map(({ policy }) => policy)).toEqual(['require-rotation-schedule']);
  });

  it('takes assets for what they are', async () => {
    const code = {
      type: typeTokens.awsLambdaFunction,
      name: 'f',
      properties: { code: asset, environment: { variables: { API_KEY: asset } } },
    };
    expect(await analyzeStack([code])).toEqual([]);
  });

  it('follows its configuration, and refuses an option that it does not have', async () => {
    const stack = [
      {
        type: typeTokens.awsSecretRotation,
        name: 'turn',
        properties: { secretId: 'x', rotationRules: { automaticallyAfterDays: 30 } },
      },
    ];
    try {
      await configure('require-rotation-schedule', { maxDays: 7 });
      expect((await analyzeStack(stack)).map(({ policy }) => policy)).toEqual(['require-rotation-schedule']);
      await configure('require-rotation-schedule', { maxDay: 7 });
      await expect(analyzeStack(stack)).rejects.toThrow(
        'The rule require-rotation-schedule has no option "maxDay". Did you mean "maxDays"?',
      );
      await configure('require-rotation-schedule', { maxDays: 0 });
      await expect(analyzeStack(stack)).rejects.toThrow(
        'The option "maxDays" of require-rotation-schedule must be >= 1, got 0.',
      );
    } finally {
      await call((done) => pack.client.configure(new analyzer.ConfigureAnalyzerRequest(), done));
    }
    expect(await analyzeStack(stack)).toEqual([]);
  });

  it('honours exceptions, and says which are over and which cover nothing', async () => {
    const type = typeTokens.awsSecret;
    const said = await analyzeWithExceptions([
      { type, name: 'accepted', properties: {} },
      { type, name: 'over', properties: {} },
    ]);
    expect(said.map(({ policy, urn }) => [policy, urn.split('::').at(-1)])).toEqual([
      ['require-rotation-schedule', 'over'],
      [exceptionsId, ''],
    ]);
    expect(said[1]?.message).toContain('exception-expired');
    const other = await analyzeWithExceptions([
      { type, name: 'other', properties: { tags: { 'keyturn:plan': '{}' } } },
    ]);
    expect(other.map(({ message }) => /exception-[a-z]+/.exec(message)?.[0])).toEqual([
      'exception-unused',
      'exception-expired',
    ]);
  });

  it('switches the rotation of a key on at the level remediate, and leaves secrets and unknowns alone', async () => {
    const key = { description: secret(canary), policy: unknownText };
    try {
      await configure('aws-kms-key-no-rotation', {}, analyzer.EnforcementLevel.REMEDIATE);
      const remediated = await remediate('aws:kms/key:Key', key);
      expect(remediated).toEqual([{ ...key, enableKeyRotation: true }]);
      expect(await remediate('aws:kms/key:Key', { keyUsage: 'SIGN_VERIFY' })).toEqual([]);
      expect(await remediate('aws:s3/bucket:Bucket', {})).toEqual([]);
      const { ignoreChanges } = accept({ rule: 'aws-kms-key-no-rotation', reason: 'It lives for an hour.' });
      expect(await remediate('aws:kms/key:Key', key, ignoreChanges)).toEqual([]);
    } finally {
      await call((done) => pack.client.configure(new analyzer.ConfigureAnalyzerRequest(), done));
    }
    expect(await remediate('aws:kms/key:Key', key)).toEqual([]);
  });

  it('refuses a preset that does not exist', async () => {
    await expect(serve({ KEYTURN_PRESET: 'strickt' })).rejects.toThrow(
      'KEYTURN_PRESET is "strickt". Allowed values are: recommended, strict, pci.',
    );
  });
});

interface Given {
  readonly type: string;
  readonly name: string;
  readonly properties: Record<string, unknown>;
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
}

function urnOf({ type, name }: Pick<Given, 'type' | 'name'>): string {
  return `urn:pulumi:s::p::${type}::${name}`;
}

async function analyzeStack(resources: readonly Given[]) {
  return (await analyzeWithExceptions(resources)).filter(({ policy }) => policy !== exceptionsId);
}

async function analyzeWithExceptions(resources: readonly Given[]) {
  const request = new analyzer.AnalyzeStackRequest();
  for (const given of resources) {
    const resource = new analyzer.AnalyzerResource();
    resource.setType(given.type);
    resource.setName(given.name);
    resource.setUrn(urnOf(given));
    resource.setProperties(struct.Struct.fromJavaScript(given.properties as Record<string, struct.JavaScriptValue>));
    resource.setOptions(new analyzer.AnalyzerResourceOptions());
    for (const [key, urns] of Object.entries(given.dependencies ?? {})) {
      const list = new analyzer.AnalyzerPropertyDependencies();
      list.setUrnsList([...urns]);
      resource.getPropertydependenciesMap().set(key, list);
    }
    request.addResources(resource);
  }
  const response = await call<analyzer.AnalyzeResponse>((done) => pack.client.analyzeStack(request, done));
  return response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    urn: diagnostic.getUrn(),
    message: diagnostic.getMessage(),
  }));
}

async function remediate(
  type: string,
  properties: Record<string, unknown>,
  ignoreChanges: string[] = [],
): Promise<readonly unknown[]> {
  const request = new analyzer.AnalyzeRequest();
  request.setType(type);
  request.setName('it');
  request.setUrn(`urn:pulumi:s::p::${type}::it`);
  request.setProperties(struct.Struct.fromJavaScript(properties as Record<string, struct.JavaScriptValue>));
  request.setOptions(new analyzer.AnalyzerResourceOptions().setIgnorechangesList(ignoreChanges));
  const response = await call<analyzer.RemediateResponse>((done) => pack.client.remediate(request, done));
  return response.getRemediationsList().flatMap((each) => each.getProperties()?.toJavaScript() ?? []);
}

function configure(
  rule: string,
  properties: Record<string, struct.JavaScriptValue>,
  level: analyzer.EnforcementLevel = analyzer.EnforcementLevel.MANDATORY,
) {
  const config = new analyzer.PolicyConfig();
  config.setEnforcementlevel(level);
  config.setProperties(struct.Struct.fromJavaScript(properties));
  const request = new analyzer.ConfigureAnalyzerRequest();
  request.getPolicyconfigMap().set(rule, config);
  return call((done) => pack.client.configure(request, done));
}

function call<Response>(
  run: (done: (error: grpc.ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => run((error, response) => (error ? reject(error) : resolve(response))));
}

async function serve(environment: NodeJS.ProcessEnv): Promise<typeof pack> {
  const server = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/run-policy-pack');
  const process = spawn(globalThis.process.execPath, [server, '127.0.0.1:1', '.'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...globalThis.process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    let said = '';
    process.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const line = /^(\d+)\n/m.exec(said)?.[1];
      if (line !== undefined) resolve(Number(line));
    });
    process.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    process.on('exit', () => reject(new Error(`The pack did not start: ${said}`)));
    setTimeout(() => {
      process.kill();
      reject(new Error(`The pack did not start in 90 s: ${said}`));
    }, 90_000).unref();
  });
  return {
    client: new analyzerServices.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure()),
    process,
  };
}
