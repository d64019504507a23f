import { createHash } from 'node:crypto';

import { annotations as names } from '@keyturn/plan';
import type * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { credentialParts, type CredentialUse } from './credential.js';
import { type Drain, drainParts } from './drain.js';
import { latchFolder, type LoginProbe, probeScripts, scriptsFolder } from './probe-script.js';

type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type Container = kubernetes.types.input.core.v1.Container;

/** A pod that serves once its credential has logged in, and has the time that its last request needs. */
export interface RefreshablePod {
  /** Required. The pod. The first container is the one that logs in to the database. */
  readonly podSpec: Omit<PodSpec, 'containers'> & { readonly containers: readonly [Container, ...Container[]] };
  /** Required. How the container gets the credential. */
  readonly credential: CredentialUse;
  /** Required. How the container tries it. The database is asked once per pod and generation. */
  readonly login: LoginProbe;
  /** Required. How long requests take; preStop and grace period come from it. */
  readonly drain: Drain;
  /**
   * Optional. `startup`: before the pod serves, and never again. `readiness`: also once for each generation that arrives later; only a refused
   * login takes a running pod out. Default: `readiness` for files, `startup` for the environment.
   */
  readonly probe?: 'startup' | 'readiness';
  /** Optional. The oldest generation that a pod may serve with, once one is known to be compromised. Default: any. */
  readonly atLeastGeneration?: number;
  /** Optional. How long the first login may take, in seconds. Default: 300. */
  readonly startSeconds?: number;
}

/** The hooks cannot be put into this pod; the message says what is in the way. */
export class WorkloadError extends Error {
  override readonly name = 'WorkloadError';
}

export const probePeriodSeconds = 5;

export interface PodParts {
  /** Files of the ConfigMap that the pod mounts. */
  readonly scripts: Readonly<Record<string, string>>;
  readonly template: kubernetes.types.input.core.v1.PodTemplateSpec;
  readonly terminationGracePeriodSeconds: number;
}

/**
 * The pod with its hooks.
 *
 * @throws CredentialUseError when the credential cannot be had in this way.
 * @throws DrainError when a pod would need more than an hour to go.
 * @throws WorkloadError when the container has a probe or a preStop hook of its own.
 */
export function podParts(pod: RefreshablePod, configMap: string, labels: Readonly<Record<string, string>>): PodParts {
  checkPod(pod);
  const { podSpec } = pod;
  const credential = credentialParts(pod.credential);
  const drain = drainParts(pod.drain);
  const scripts = probeScripts({ login: pod.login, credential: credential.shell, atLeast: pod.atLeastGeneration });
  const [first, ...others] = podSpec.containers;
  const container = {
    ...first,
    ...probeOf(pod),
    lifecycle: pulumi.output(first.lifecycle).apply((lifecycle) => ({ ...lifecycle, preStop: drain.preStop })),
    env: joined(first.env, credential.env),
    volumeMounts: joined(first.volumeMounts, [
      ...credential.volumeMounts,
      { name: 'keyturn-hooks', mountPath: scriptsFolder, readOnly: true },
      { name: 'keyturn-latch', mountPath: latchFolder },
    ]),
  };
  const volumes = [
    ...credential.volumes,
    { name: 'keyturn-hooks', configMap: { name: configMap, defaultMode: 0o555 } },
    { name: 'keyturn-latch', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  ];
  const { terminationGracePeriodSeconds } = drain;
  return {
    scripts,
    terminationGracePeriodSeconds,
    template: {
      metadata: { labels, annotations: { ...credential.podAnnotations, [names.hooks]: digestOf(scripts) } },
      spec: {
        ...podSpec,
        containers: [container, ...others],
        terminationGracePeriodSeconds,
        volumes: joined(podSpec.volumes, volumes),
      },
    },
  };
}

function checkPod(args: RefreshablePod): void {
  const [first] = args.podSpec.containers;
  const key = probeKey(args);
  if (first[key] !== undefined) {
    const other = key === 'startupProbe' ? 'readiness' : 'startup';
    throw new WorkloadError(
      `The first container has a ${key} of its own, and a container has one. Leave it out, or write \`probe: "${other}"\`.`,
    );
  }
  if (typeof first.lifecycle === 'object' && 'preStop' in first.lifecycle) {
    throw new WorkloadError(
      'The first container has a preStop hook of its own. Leave it out: `drain` makes one that fits the grace period.',
    );
  }
}

function probeKey({ probe, credential }: RefreshablePod): 'startupProbe' | 'readinessProbe' {
  return `${probe ?? (credential.as === 'environment' ? 'startup' : 'readiness')}Probe`;
}

function probeOf(args: RefreshablePod): Pick<Container, 'startupProbe' | 'readinessProbe'> {
  const { startSeconds = 300 } = args;
  const key = probeKey(args);
  return {
    [key]: {
      exec: { command: ['/bin/sh', `${scriptsFolder}/probe.sh`] },
      periodSeconds: probePeriodSeconds,
      timeoutSeconds: probePeriodSeconds,
      failureThreshold: key === 'startupProbe' ? Math.ceil(startSeconds / probePeriodSeconds) : 2,
    },
  };
}

function joined<T>(
  given: pulumi.Input<pulumi.Input<T>[] | undefined> | undefined,
  added: readonly T[],
): pulumi.Output<T[]> {
  return (pulumi.output(given) as pulumi.Output<T[] | undefined>).apply((list = []) => [...list, ...added]);
}

function digestOf(scripts: Readonly<Record<string, string>>): string {
  return createHash('sha256').update(JSON.stringify(scripts)).digest('hex').slice(0, 16);
}
