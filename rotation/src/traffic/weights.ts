/** Traffic cannot be moved this way; the message says why. */
export class TrafficError extends Error {
  override readonly name = 'TrafficError';
}

/**
 * The fleet of the user that is not tested.
 *
 * @throws TrafficError when there are not two fleets, or the user has none.
 */
export function otherFleet(
  fleets: Readonly<Record<string, string>>,
  user: string,
  kind: string,
): { readonly user: string; readonly fleet: string } {
  const [other, ...more] = Object.entries(fleets).filter(([of]) => of !== user);
  if (fleets[user] === undefined || other === undefined || more.length > 0)
    throw new TrafficError(`There has to be a ${kind} for each of two users, and that of ${user} among them.`);
  return { user: other[0], fleet: other[1] };
}

/**
 * The share of each fleet, by the name of its Service or target group.
 *
 * @throws TrafficError when there are not two fleets, or the user has none.
 */
export function weightsOf(
  fleets: Readonly<Record<string, string>>,
  user: string,
  percent: number,
  name: string,
): ReadonlyMap<string, number> {
  const entries = Object.entries(fleets);
  if (entries.length !== 2 || fleets[user] === undefined)
    throw new TrafficError(`${name} needs the fleets of two users, and that of ${user} among them.`);
  return new Map(entries.map(([of, fleet]) => [fleet, of === user ? percent : 100 - percent]));
}
