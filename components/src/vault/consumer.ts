import type * as pulumi from '@pulumi/pulumi';
import * as vault from '@pulumi/vault';
import type { Duration } from '@keyturn/plan';

import type { TokenTimes } from './lease.js';

interface ConsumerBase {
  /** Dynamic roles it may read. Default: all of the component. */
  readonly roles?: readonly string[];
  /** Default: the longest max TTL of its roles. */
  readonly tokenTtl?: Duration;
  /** Path of the auth method, which must be there. Default: the kind (`kubernetes`, `approle`, `jwt`, `aws`). */
  readonly authMount?: string;
}

/** Pods of these service accounts. */
export interface KubernetesConsumer extends ConsumerBase {
  readonly kind: 'kubernetes';
  readonly serviceAccounts: readonly string[];
  readonly namespaces: readonly string[];
  /** Audience that the service account token must have. Default: any. */
  readonly audience?: string;
}

/** Machines with a role id and a secret id. The secret id is handed out of band, never by Pulumi, where it would stand in the state. */
export interface AppRoleConsumer extends ConsumerBase {
  readonly kind: 'approle';
  /** Addresses that may log in. Default: all. */
  readonly cidrs?: readonly string[];
}

/** Workloads with a token of an OIDC issuer: CI jobs, other clouds. */
export interface JwtConsumer extends ConsumerBase {
  readonly kind: 'jwt';
  readonly audiences: readonly string[];
  /** Required claims, such as `{ repository: 'acme/shop' }`. */
  readonly claims: Readonly<Record<string, string>>;
  /** Claim that names the user. Default: `sub`. */
  readonly userClaim?: string;
}

/** AWS principals. */
export interface AwsConsumer extends ConsumerBase {
  readonly kind: 'aws';
  readonly principalArns: readonly pulumi.Input<string>[];
}

export type VaultConsumer = KubernetesConsumer | AppRoleConsumer | JwtConsumer | AwsConsumer;

/** Makes the role by which a consumer logs in to Vault. Its name in the auth method is that of the child. */
export function loginRole(
  name: string,
  consumer: VaultConsumer,
  times: TokenTimes,
  policy: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  const token = { ...times, tokenPolicies: [policy], tokenType: 'service' };
  const backend = consumer.authMount ?? consumer.kind;
  switch (consumer.kind) {
    case 'kubernetes':
      return new vault.kubernetes.AuthBackendRole(
        name,
        {
          ...token,
          backend,
          roleName: name,
          boundServiceAccountNames: [...consumer.serviceAccounts],
          boundServiceAccountNamespaces: [...consumer.namespaces],
          ...(consumer.audience === undefined ? {} : { audience: consumer.audience }),
        },
        options,
      );
    case 'approle':
      return new vault.approle.AuthBackendRole(
        name,
        {
          ...token,
          backend,
          roleName: name,
          bindSecretId: true,
          ...(consumer.cidrs ? { secretIdBoundCidrs: [...consumer.cidrs], tokenBoundCidrs: [...consumer.cidrs] } : {}),
        },
        options,
      );
    case 'jwt':
      return new vault.jwt.AuthBackendRole(
        name,
        {
          ...token,
          backend,
          roleName: name,
          roleType: 'jwt',
          boundAudiences: [...consumer.audiences],
          boundClaims: { ...consumer.claims },
          userClaim: consumer.userClaim ?? 'sub',
        },
        options,
      );
    case 'aws':
      return new vault.aws.AuthBackendRole(
        name,
        { ...token, backend, role: name, authType: 'iam', boundIamPrincipalArns: [...consumer.principalArns] },
        options,
      );
  }
}
