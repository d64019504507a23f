import { describeChain, formatDuration, lifetimeOf, type Consumer, type LinkKind } from '@keyturn/plan';
import type { FindingLink } from '@keyturn/findings';
import type { Place, Resource } from '@keyturn/resources';
import { pass, type Result } from '../policy.js';

/** How long a superseded credential works, and what says so. `at-most`: it may be less, but not more. */
export type Overlap =
  | { readonly is: 'known' | 'at-most'; readonly ms: number; readonly because: string; readonly place?: Place }
  | { readonly is: 'unknown'; readonly because: string };

/** The longest time in one link. `missing`: nothing in the model says; `unknown`: something does, and its value is not known. */
export type Bound =
  | { readonly is: 'time'; readonly ms: number }
  | { readonly is: 'missing'; readonly because: string }
  | { readonly is: 'unknown'; readonly because: string };

/** One place on the way from the rotation to the last query. */
export interface ChainLink {
  readonly kind: LinkKind;
  readonly part: Exclude<FindingLink['part'], 'overlap' | undefined>;
  readonly name: string;
  readonly bound: Bound;
  readonly place?: Place;
}

/**
 * Overlap ≥ refresh + rollout + pool lifetime + grace, as far as the model shows them. Links whose length is not known count as nothing,
 * so a chain that is too long without them is certainly too long, and one that is short enough without them is not decided.
 */
export function judgeChain(
  workload: Resource,
  overlap: Overlap,
  links: readonly ChainLink[],
  property: string,
): Result {
  const consumer = consumerOf(workload, links);
  const lifetime = lifetimeOf(consumer);
  const needed = lifetime.bound === 'time' ? lifetime.ms : Infinity;
  const open = links.flatMap(({ name, bound }) => (bound.is === 'time' ? [] : [`${name}: ${bound.because}`]));
  if (overlap.is !== 'unknown' && needed > overlap.ms) {
    return {
      is: 'fail',
      message:
        `${workload.name} can hold a superseded credential for ${formatDuration(needed)}, and it works for ${formatDuration(overlap.ms)}: ` +
        `${overlap.because}; ${describeChain(consumer)}${open.length === 0 ? '' : `; not counted: ${open.join(', ')}`}.`,
      property,
      related: linksOf(workload, overlap, links),
    };
  }
  const because = [...(overlap.is === 'known' ? [] : [overlap.because]), ...open];
  return because.length === 0
    ? pass
    : { is: 'undecided', because: `${workload.name}: ${because.join('; ')}`, property };
}

function consumerOf(workload: Resource, links: readonly ChainLink[]): Consumer {
  return {
    name: workload.name,
    chain: links.flatMap(({ kind, name, bound }) => (bound.is === 'time' ? [{ kind, name, longest: bound.ms }] : [])),
  };
}

/** The links with their places. One that is written nowhere stands where it should be: at the workload. */
function linksOf(workload: Resource, overlap: Overlap, links: readonly ChainLink[]): readonly FindingLink[] {
  const home = workload.place;
  const placed = ({ place = home, ...link }: Omit<FindingLink, 'place'> & { readonly place?: Place | undefined }) =>
    place === undefined ? [] : [{ ...link, place }];
  return [
    ...(overlap.is === 'unknown'
      ? []
      : placed({
          part: 'overlap',
          ms: overlap.ms,
          message: `${overlap.because}: it works for ${formatDuration(overlap.ms)}`,
          place: overlap.place,
        })),
    ...links.flatMap(({ part, name, bound, place }) =>
      bound.is === 'time'
        ? placed({ part, ms: bound.ms, message: `${name}: ${formatDuration(bound.ms)}`, place })
        : placed({ part, missing: true, message: `${name}: ${bound.because}`, place }),
    ),
  ];
}
