import { text, type Resource, type Value } from '@keyturn/resources';

/** Whether one thing names another. */
export type Match = 'yes' | 'no' | 'unknown';

/** URNs that a value was made from, as far as the program showed. */
export function urnsBehind(value: Value): readonly string[] {
  if (value.kind === 'absent') return [];
  if (value.provenance.kind === 'resource-output') return value.provenance.urns;
  if (value.provenance.kind === 'generated') return [value.provenance.urn];
  return [];
}

/** Whether a reference (a name or id, or an output of a resource) means the object with this name that the resource makes. */
export function namesObject(reference: Value, objectName: Value, maker: Resource): Match {
  if (urnsBehind(reference).includes(maker.urn)) return 'yes';
  if (sharesUrn(reference, objectName)) return 'yes';
  const a = text(reference);
  const b = text(objectName);
  if (a !== undefined && b !== undefined) return a === b ? 'yes' : 'no';
  if (reference.kind === 'absent') return 'no';
  // An object without a written name is named at its deployment: no text means it, and no output of another resource.
  if (objectName.kind === 'absent') return a !== undefined || isOfKnownOther(reference) ? 'no' : 'unknown';
  return isOfKnownOther(reference) && b !== undefined ? 'no' : 'unknown';
}

/** Two namespaces are different only when both are written and differ: without one, the place of use decides. */
export function sameNamespace(a: Value, b: Value): Match {
  if (a.kind === 'absent' || b.kind === 'absent') return 'yes';
  const [left, right] = [text(a), text(b)];
  if (left !== undefined && right !== undefined) return left === right ? 'yes' : 'no';
  return sharesUrn(a, b) ? 'yes' : 'unknown';
}

/** Both have to hold; one `no` is enough for `no`. */
export function both(a: Match, b: Match): Match {
  if (a === 'no' || b === 'no') return 'no';
  return a === 'yes' && b === 'yes' ? 'yes' : 'unknown';
}

function sharesUrn(a: Value, b: Value): boolean {
  const urns = urnsBehind(a);
  return urns.length > 0 && urnsBehind(b).some((urn) => urns.includes(urn));
}

/** An output of another resource is that resource's name, and not a name that is written out elsewhere. */
function isOfKnownOther(value: Value): boolean {
  return urnsBehind(value).length > 0;
}
