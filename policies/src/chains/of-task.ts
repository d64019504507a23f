import { at, items, number, text, type Resource } from '@keyturn/resources';
import { containerDefinitionsOf, ecsSecretsOf, parseSecretArn, servicesOf } from '../aws/ecs.js';
import { notKnown, type PolicyContext, type Result } from '../policy.js';
import { overlapOfAwsSecret } from './overlap.js';
import { judgeChain, type ChainLink } from './rotation-chain.js';

/** ECS gives a container 30 s to end where `stopTimeout` does not say otherwise. */
const stopSeconds = 30;

/** Tasks that a deployment starts anew: when that is, only the deployment knows. Where nothing does, `require-secret-refresh` says it. */
export function* judgeTask({ resource, model, graph }: PolicyContext): Generator<Result> {
  const services = servicesOf(model, resource).certain;
  const definitions = containerDefinitionsOf(resource);
  if (!services.some((service) => at(service.properties, 'triggers').kind !== 'absent')) return;
  const timeouts = items(definitions).map((container) => at(container, 'stopTimeout'));
  const grace = Math.max(0, ...timeouts.map((timeout) => number(timeout) ?? stopSeconds));
  const links: readonly ChainLink[] = [
    {
      kind: 'rollout',
      part: 'rollout',
      name: 'rollout of the service',
      bound: {
        is: 'missing',
        because: 'its triggers start new tasks at the next deployment, and none follows a rotation by itself',
      },
      ...(services[0]?.place ? { place: services[0].place } : {}),
    },
    { kind: 'process', part: 'grace', name: 'stop timeout', bound: { is: 'time', ms: grace * 1_000 } },
  ];
  const seen = new Set<Resource>();
  for (const { from, path } of ecsSecretsOf(definitions)) {
    const arn = parseSecretArn(text(from) ?? '');
    if (arn !== undefined && arn.version !== '') continue;
    const meant = arn === undefined ? graph.secrets.meantBy(from) : graph.secrets.namedBy(arn.arn);
    const secret = graph.rotatingAmong(meant.certain);
    if (secret && !seen.has(secret)) {
      seen.add(secret);
      yield judgeChain(resource, overlapOfAwsSecret(secret, graph), links, path);
    } else if (!secret && graph.mayRotate(meant)) yield notKnown(resource, 'whether its secret is rotated', path);
  }
}
