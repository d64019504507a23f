/** What `kubectl get rollout` says, as far as it is needed. */
export interface Rollout {
  readonly metadata: { readonly generation: number; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly phase?: string; readonly observedGeneration?: string };
}

/** Nothing when all the traffic is on the version and did well; otherwise why it is not published yet. */
export function greenAnswer({ metadata, status }: Rollout, version: string): string | undefined {
  const shown = metadata.annotations?.['keyturn.dev/version'];
  if (shown !== version)
    return `the rollout has the version ${shown ?? 'none'}: pulumi config set pending ${version}, pulumi up`;
  if (status?.observedGeneration !== String(metadata.generation)) return 'Argo has not seen the rollout yet';
  return status.phase === 'Healthy' ? undefined : `the rollout is ${status.phase ?? 'unknown'}`;
}
