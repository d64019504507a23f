/** Where a value came from. Sensitive values are judged by this, not by their name and not by a secret mark. */
export type Provenance =
  | { readonly kind: 'literal' }
  | { readonly kind: 'plain-config'; readonly key: string }
  | { readonly kind: 'secret-config'; readonly key: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  /** Made by a resource such as `random:index/randomPassword:RandomPassword`. */
  | { readonly kind: 'generated'; readonly urn: string }
  /** Read by an invoke such as `aws:secretsmanager/getSecretVersion:getSecretVersion` while the program runs. */
  | { readonly kind: 'fetched-at-deploy'; readonly token: string }
  /** An output of another resource of the program. */
  | { readonly kind: 'resource-output'; readonly urns: readonly string[] }
  | { readonly kind: 'cloud-managed' }
  | { readonly kind: 'unknown' };
