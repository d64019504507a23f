import { at, items, text, type Resource, type Value } from '@keyturn/resources';
import { formatPath, select, type Path } from '../paths.js';

/** Kinds that keep pods running, and so hold what they read at start. */
export const runningWorkloadTypes = [
  'kubernetes:apps/*:Deployment',
  'kubernetes:apps/*:StatefulSet',
  'kubernetes:apps/*:DaemonSet',
] as const;

/** Kinds that start pods of any sort. */
export const workloadTypes = [
  ...runningWorkloadTypes,
  'kubernetes:batch/*:Job',
  'kubernetes:batch/*:CronJob',
  'kubernetes:core/v1:Pod',
  'kubernetes:core/v1:ReplicationController',
  'kubernetes:apps/*:ReplicaSet',
] as const;

/** The pod that a workload starts. */
export interface PodTemplate {
  readonly metadata: Value;
  readonly spec: Value;
  readonly specPath: Path;
}

export function podTemplateOf({ type, properties }: Resource): PodTemplate {
  const path = type.endsWith(':Pod')
    ? []
    : type.endsWith(':CronJob')
      ? ['spec', 'jobTemplate', 'spec', 'template']
      : ['spec', 'template'];
  const template = at(properties, ...path);
  return { metadata: at(template, 'metadata'), spec: at(template, 'spec'), specPath: [...path, 'spec'] };
}

export interface Container {
  readonly name: string;
  readonly value: Value;
  readonly path: Path;
  readonly init: boolean;
}

export function containersOf(template: PodTemplate): readonly Container[] {
  return (['containers', 'initContainers'] as const).flatMap((key) =>
    items(at(template.spec, key)).map((value, index) => ({
      name: nameIn(at(value, 'name')) ?? `${key}[${index}]`,
      value,
      path: [...template.specPath, key, index],
      init: key === 'initContainers',
    })),
  );
}

/** How a pod gets a Secret. `env`, `envFrom` and `subPath` are read once, when the container starts. */
export type Delivery = 'env' | 'envFrom' | 'subPath' | 'volume';

export interface SecretReference {
  readonly how: Delivery;
  /** Name of the Secret: often unknown in a program. */
  readonly name: Value;
  readonly container: string;
  readonly path: string;
  /** The container is a database or the like: the Secret sets its credential, and does not log in with it. */
  readonly owner: boolean;
}

/** Images of servers that are given the credential they will ask for. */
const servers =
  /^(mysql|mysql-server|mariadb|percona(-server)?|postgres|postgresql|postgis|timescaledb|mongo|mongodb|redis|valkey|rabbitmq|minio|elasticsearch|opensearch|cassandra|cockroach|couchdb|influxdb|neo4j|clickhouse(-server)?|mssql-server)$/;

function isServer(image: Value): boolean {
  const name = text(image)?.split('@')[0]?.split('/').at(-1)?.split(':')[0] ?? '';
  return servers.test(name);
}

/** Every reference of a pod to a Secret, in the order they are written. Init containers run once by design and are left out. */
export function secretReferencesOf(template: PodTemplate): readonly SecretReference[] {
  const references: SecretReference[] = [];
  const volumes = secretVolumesOf(template);

  for (const container of containersOf(template)) {
    if (container.init) continue;
    const owner = isServer(at(container.value, 'image'));
    const add = (how: Delivery, name: Value, path: Path) => {
      if (name.kind === 'absent') return;
      references.push({ how, name, owner, container: container.name, path: formatPath([...container.path, ...path]) });
    };
    for (const [index, entry] of items(at(container.value, 'env')).entries()) {
      add('env', at(entry, 'valueFrom', 'secretKeyRef', 'name'), ['env', index]);
    }
    for (const [index, entry] of items(at(container.value, 'envFrom')).entries()) {
      add('envFrom', at(entry, 'secretRef', 'name'), ['envFrom', index]);
    }
    for (const [index, mount] of items(at(container.value, 'volumeMounts')).entries()) {
      const volume = volumes.get(text(at(mount, 'name')) ?? '');
      if (!volume) continue;
      const bySubPath = at(mount, 'subPath').kind !== 'absent' || at(mount, 'subPathExpr').kind !== 'absent';
      for (const name of volume) add(bySubPath ? 'subPath' : 'volume', name, ['volumeMounts', index]);
    }
  }
  return references;
}

/** Where references stand. The name at the end of a reference is no open part: it is judged as a name. */
const referencePatterns = [
  { pattern: ['containers', '*', 'env', '*', 'valueFrom', 'secretKeyRef', 'name'], endsInName: true },
  { pattern: ['containers', '*', 'envFrom', '*', 'secretRef', 'name'], endsInName: true },
  { pattern: ['volumes', '*', 'secret', 'secretName'], endsInName: true },
  { pattern: ['volumes', '*', 'name'], endsInName: false },
  { pattern: ['containers', '*', 'volumeMounts', '*', 'name'], endsInName: false },
] as const;

/** The first place where a reference to a Secret could stand, but what stands there is not known. */
export function openPartOf(template: PodTemplate): string | undefined {
  for (const { pattern, endsInName } of referencePatterns) {
    for (const { path, value } of select(template.spec, pattern, template.specPath)) {
      const isEnd = path.length === pattern.length + template.specPath.length;
      if (value.kind === 'unknown' && !(isEnd && endsInName)) return formatPath(path);
    }
  }
  return undefined;
}

/** Name of the volume → names of the Secrets in it. */
function secretVolumesOf(template: PodTemplate): ReadonlyMap<string, readonly Value[]> {
  const volumes = new Map<string, readonly Value[]>();
  for (const volume of items(at(template.spec, 'volumes'))) {
    const name = text(at(volume, 'name'));
    if (name === undefined) continue;
    const direct = at(volume, 'secret', 'secretName');
    const projected = items(at(volume, 'projected', 'sources')).map((source) => at(source, 'secret', 'name'));
    const secrets = [direct, ...projected].filter(({ kind }) => kind !== 'absent');
    if (secrets.length > 0) volumes.set(name, secrets);
  }
  return volumes;
}

/** A volume that the CSI driver for secrets fills, and the name of the class that says from where. */
export interface MountedClass {
  readonly name: Value;
  readonly path: string;
}

/** The classes whose volumes a pod mounts. */
export function mountedClassesOf(template: PodTemplate): readonly MountedClass[] {
  return items(at(template.spec, 'volumes')).flatMap((volume, index) => {
    const csi = at(volume, 'csi');
    if (text(at(csi, 'driver')) !== 'secrets-store.csi.k8s.io') return [];
    const path = formatPath([...template.specPath, 'volumes', index, 'csi', 'volumeAttributes', 'secretProviderClass']);
    return [{ name: at(csi, 'volumeAttributes', 'secretProviderClass'), path }];
  });
}

/** The name of an object, when it is one: names are shown in messages, other texts are not. */
export function nameIn(value: Value): string | undefined {
  const name = text(value);
  const secret = value.kind !== 'absent' && value.secret;
  return name !== undefined && !secret && /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(name)
    ? name
    : undefined;
}
