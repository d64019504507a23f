import type { Place } from './place.js';
import type { ObjectValue } from './value.js';

/** Everything a rule may know about one resource, whichever reader it came from. */
export interface Resource {
  readonly urn: string;
  /** Pulumi type token; Kubernetes YAML becomes `kubernetes:<apiVersion>:<Kind>`. */
  readonly type: string;
  readonly name: string;
  readonly properties: ObjectValue;
  readonly place?: Place;
  readonly parent?: string;
  /** URNs this resource depends on. */
  readonly dependencies: readonly string[];
  /** Property name → URNs its value was made from. */
  readonly propertyDependencies: ReadonlyMap<string, readonly string[]>;
  readonly ignoreChanges: readonly string[];
  /** A component of another language or package: its children were not seen. */
  readonly remote: boolean;
  /** False for components. */
  readonly custom: boolean;
}

/** Something that could not be looked into, and so must never count as clean. */
export interface NotAnalysed {
  readonly what: string;
  readonly because: string;
  readonly place?: Place;
  /** `whole`: so much is missing that the model must not count as read. Default `part`. */
  readonly extent?: 'whole' | 'part';
}

/** One program, stack or set of manifests. */
export interface Model {
  readonly resources: readonly Resource[];
  readonly notAnalysed: readonly NotAnalysed[];
  /** `hidden` where the reader is not told which values are secret, so that an absent mark says nothing. Default: `shown`. */
  readonly secretMarks?: 'shown' | 'hidden';
}
