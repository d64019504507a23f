import type { Evidence } from './gate.js';
import type { Holder } from './holder.js';

/** A process that holds the credential it started with. */
export interface ConsumerInstance {
  /** What a person calls it: a pod, a job, a host. */
  readonly name: string;
  readonly startedAt?: Date;
  /** The generation that it names in its own specification. */
  readonly generation?: number;
  readonly address?: string;
}

/** Every instance of consumers that was alive at one time. A consumer that is missing was not looked at; an empty list means that none ran. */
export interface Observation {
  readonly asOf: Date;
  readonly consumers: Readonly<Record<string, readonly ConsumerInstance[]>>;
}

/**
 * Evidence from an observation: an instance is past an older credential when it started after the newer one was in place, or names that
 * generation, or a later one. What is not known counts as held.
 */
export function evidenceOf(observe: () => Promise<Observation>): Evidence {
  return async ({ user, generation, consumers }) => {
    const seen = await observe();
    return consumers.flatMap(({ name, inPlaceAt }): Holder[] => {
      const holder = (application: string): Holder => ({ endpoint: name, user, application });
      const instances = Object.hasOwn(seen.consumers, name) ? seen.consumers[name] : undefined;
      if (instances === undefined) return [holder('no evidence about it')];
      // What started between then and now may have read either.
      if (seen.asOf.getTime() < inPlaceAt)
        return [holder(`evidence of ${seen.asOf.toISOString()}, from before the newer one was in place`)];
      return instances
        .filter((one) => !isPast(one, generation, inPlaceAt))
        .map((one) => ({
          ...holder(one.name),
          ...(one.startedAt !== undefined && { since: one.startedAt }),
          ...(one.address !== undefined && { clientAddress: one.address }),
        }));
    });
  };
}

function isPast({ generation, startedAt }: ConsumerInstance, wanted: number, inPlaceAt: number): boolean {
  if (generation !== undefined) return generation >= wanted;
  return startedAt !== undefined && startedAt.getTime() > inPlaceAt;
}
