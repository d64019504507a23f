import { annotations as names, componentTypes } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';
import type { SecretDelivery } from './synced/delivery.js';
import { nameOfVersion, pinnedSecret, type VersionedSource } from './versioned/pinned.js';

export interface VersionedSecretArgs {
  /** Required. */
  readonly namespace: pulumi.Input<string>;
  /** Required. */
  readonly source: VersionedSource;
  /** Required. Id of the version that new pods get. */
  readonly version: string;
  /** Optional. Ids of versions that pods may still have. Each keeps its Secret until it is taken off this list. Default: none. */
  readonly kept?: readonly string[];
  /** Optional. Changes a child before it is made. */
  readonly transform?: { readonly versions?: Transform<kubernetes.apiextensions.CustomResourceArgs> };
}

/** The versions cannot be told apart; the message says which. */
export class VersionError extends Error {
  override readonly name = 'VersionError';
}

/**
 * A Secret for each version of a credential, with a name of its own and content that never changes.
 *
 * A pod template that names one cannot start before it is there, pods of the release before keep theirs, and a rollback of the workload brings its
 * credential back.
 */
export class VersionedSecret extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesVersionedSecret;

  /** The Secret of `version`, for `credential` of RefreshableWorkload. */
  readonly delivery: SecretDelivery;
  readonly secretName: pulumi.Output<string>;
  /** Version → name of its Secret. */
  readonly secretNames: pulumi.Output<Readonly<Record<string, string>>>;
  /** Name of the Secret of `version`, once it is asked for. Workloads depend on it: Pulumi deletes what left the list after they have rolled out. */
  readonly ready: pulumi.Output<string>;

  /** @throws VersionError when a version is empty or stands twice. */
  constructor(name: string, args: VersionedSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    const { source, version, kept = [], transform = {} } = args;
    const versions = [version, ...kept];
    const twice = versions.find((each, index) => each.trim() === '' || versions.indexOf(each) !== index);
    if (twice !== undefined) {
      throw new VersionError(
        twice.trim() === ''
          ? 'A version has no id. Write the id that the store gave it.'
          : `Version "${twice}" stands twice. \`kept\` holds the versions beside the one that new pods get.`,
      );
    }
    super(VersionedSecret.type, name, { version, kept }, opts);
    const secretNames = Object.fromEntries(versions.map((each) => [each, nameOfVersion(name, source, each)]));
    const children = versions.map((each) => {
      const secretName = nameOfVersion(name, source, each);
      const annotations = { [names.version]: each };
      const { apiVersion, kind, spec } = pinnedSecret(source, each, secretName, annotations);
      return makeChild<kubernetes.apiextensions.CustomResourceArgs, kubernetes.apiextensions.CustomResource>(
        kubernetes.apiextensions.CustomResource,
        {
          // By the version, so that moving from `version` to `kept` is no change.
          name: secretName,
          args: { apiVersion, kind, metadata: { name: secretName, namespace: args.namespace, annotations }, spec },
          options: { parent: this },
          transform: transform.versions,
          fixed: { apiVersion: 'it says what is installed.', kind: 'it says what is installed.' },
          fixedPaths: { 'spec.target.immutable': 'a version never changes.' },
        },
      );
    });

    const secretName = nameOfVersion(name, source, version);
    this.delivery = { kind: 'secret', secretName };
    this.secretName = pulumi.output(secretName);
    this.secretNames = pulumi.output(secretNames);
    this.ready = pulumi.all(children.map(({ id }) => id)).apply(() => secretName);
    this.registerOutputs({ secretName: this.secretName, secretNames: this.secretNames, ready: this.ready });
  }
}
