import { absent, at, leaves, type Resource, type Value } from '@keyturn/resources';
import { formatPath } from '../paths.js';
import { notKnown, type PolicyContext, type Result } from '../policy.js';
import { overlapOfAwsSecret } from './overlap.js';
import { poolLinkOf } from './pool-lifetime.js';
import { judgeChain, type ChainLink } from './rotation-chain.js';

export const functionTypes = ['aws:lambda/function:Function'] as const;

/** The extension for secrets keeps a value for 300 s where `SECRETS_MANAGER_TTL` does not say otherwise. */
const cacheSeconds = 300;
const timeoutSeconds = 3;

/** A function of Lambda that is told which rotated secret to read, and reads it again when the cache of the extension is stale. */
export function* judgeFunction({ resource, graph }: PolicyContext): Generator<Result> {
  const variables = at(resource.properties, 'environment', 'variables');
  const secrets = new Set<Resource>();
  let open: string | undefined;
  for (const { path, value } of leaves(variables, ['environment', 'variables'])) {
    const meant = graph.secrets.meantBy(value);
    const rotated = graph.rotatingAmong(meant.certain);
    if (rotated) secrets.add(rotated);
    else if (graph.mayRotate(meant)) open ??= formatPath(path);
  }
  if (open !== undefined) yield notKnown(resource, `whether \`${open}\` names a rotated secret`, open);
  if (secrets.size === 0) return;
  const environment =
    variables.kind === 'object' ? [...variables.fields].map(([name, value]) => ({ name, value })) : [];
  const links: readonly ChainLink[] = [
    {
      kind: 'cache',
      part: 'cache',
      name: 'cache of the extension',
      bound: seconds(at(variables, 'SECRETS_MANAGER_TTL'), cacheSeconds),
    },
    poolLinkOf(resource, absent, environment),
    {
      kind: 'process',
      part: 'grace',
      name: 'timeout of the function',
      bound: seconds(at(resource.properties, 'timeout'), timeoutSeconds),
    },
  ];
  for (const secret of secrets) {
    yield judgeChain(resource, overlapOfAwsSecret(secret, graph), links, 'environment.variables');
  }
}

function seconds(value: Value, byDefault: number): ChainLink['bound'] {
  const written = value.kind === 'absent' ? byDefault : value.kind === 'known' ? Number(value.value) : NaN;
  return Number.isNaN(written)
    ? { is: 'unknown', because: 'not known before the deployment' }
    : { is: 'time', ms: written * 1_000 };
}
