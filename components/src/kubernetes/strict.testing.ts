import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { ExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import { AnalysisTemplate } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate';
import { Rollout } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/Rollout';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import { Ajv } from 'ajv';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { parse } from 'yaml';

interface Model {
  readonly apiVersion: string;
  readonly kind: string;
  readonly prototype: { validate(): void };
}

const models: readonly Model[] = [
  AnalysisTemplate,
  ConfigMap,
  CronJob,
  Deployment,
  ExternalSecret,
  HTTPRoute,
  Job,
  NetworkPolicy,
  Pod,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Rollout,
  Secret,
  Service,
  ServiceAccount,
];

/** Schemas that no package has, beside the repository. */
const definitions = path.resolve(import.meta.dirname, '../../../../shared/schemas/crds');
const definitionFiles: Readonly<Record<string, string>> = {
  TargetGroupBinding: 'elbv2.k8s.aws_targetgroupbindings.yaml',
  SecretProviderClass: 'secrets-store.csi.x-k8s.io_secretproviderclasses.yaml',
  VaultStaticSecret: 'secrets.hashicorp.com_vaultstaticsecrets.yaml',
};

/** Why the published schema of a kind cannot be had here. */
export function missingSchemaOf(kind: string): string | undefined {
  const file = definitionFiles[kind];
  if (file === undefined || existsSync(path.join(definitions, file))) return undefined;
  return `the definition of ${kind} is not at ../shared/schemas/crds`;
}

/** What the published schema of an object has against it: wrong types, missing and unknown properties. */
export function problemsOf(object: Readonly<Record<string, unknown>>): string[] {
  const plain = JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
  const kind = String(plain['kind']);
  const definition = definitionFiles[kind];
  if (definition !== undefined) return byDefinition(plain, definition);
  const model = models.find((each) => each.kind === kind && each.apiVersion === plain['apiVersion']);
  if (model === undefined) return [`there is no schema of ${String(plain['apiVersion'])} ${kind}`];
  return byModel(plain, model);
}

/** The published validators pass over what they do not know, so a property that none of them asks for is unknown. */
function byModel(object: Record<string, unknown>, model: Model): string[] {
  const asked = new Map<string, Set<string>>();
  try {
    model.prototype.validate.call(watched(object, '', asked));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return [...unknownIn(object, '', asked)];
}

function watched<T extends object>(object: T, at: string, asked: Map<string, Set<string>>): T {
  const keys = new Set<string>();
  asked.set(at, keys);
  return new Proxy(object, {
    get(target, key, receiver) {
      if (typeof key === 'string') keys.add(key);
      const value: unknown = Reflect.get(target, key, receiver);
      return typeof value === 'object' && value !== null ? watched(value, `${at}/${String(key)}`, asked) : value;
    },
  });
}

/** Places that the published schema leaves to others: Argo hands it to a plugin as it is. */
const open: readonly string[] = ['/spec/strategy/canary/trafficRouting/plugins'];

function* unknownIn(value: unknown, at: string, asked: Map<string, Set<string>>): Generator<string> {
  if (typeof value !== 'object' || value === null || open.includes(at)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!asked.get(at)?.has(key)) yield `${at}/${key} is not known`;
    else yield* unknownIn(inner, `${at}/${key}`, asked);
  }
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

function byDefinition(object: Record<string, unknown>, file: string): string[] {
  const { spec } = parse(readFileSync(path.join(definitions, file), 'utf8')) as {
    spec: { group: string; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
  };
  const version = spec.versions.find(({ name }) => `${spec.group}/${name}` === object['apiVersion']);
  if (version === undefined) return [`${file} has no version ${String(object['apiVersion'])}`];
  const check = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(
    closed(version.schema.openAPIV3Schema),
  );
  check(object);
  return (check.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}

/** The schema with every object closed whose properties are listed. */
function closed(schema: Schema): Schema {
  const properties = Object.entries(schema.properties ?? {}).map(([key, inner]) => [key, closed(inner)] as const);
  const { items, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties), additionalProperties: false } : {}),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: closed(additionalProperties) } : {}),
  };
}
