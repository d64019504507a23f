/** How many connections the consumers open, and how many the server has. */
export interface Connections {
  /** Connections that all consumers together can open: instances × pool size, with the instances that a rollout adds. */
  readonly fleet: number;
  /** Share that each user may have on top, for reconnects that overlap. Default: 0.25. */
  readonly headroom?: number;
  /** `max_connections` of the server. When given, it is checked that both users fit at the same time. */
  readonly serverMax?: number;
  /** Connections kept for administrators and other users. Default: 3, as `superuser_reserved_connections`. */
  readonly serverReserved?: number;
}

export const defaultHeadroom = 0.25;
export const defaultServerReserved = 3;

/** The fleet does not fit; the message names the numbers. */
export class ConnectionLimitError extends Error {
  override readonly name = 'ConnectionLimitError';
}

/**
 * The connection limit of each user of a pair. Both get the same one, and it holds the whole fleet: right after a rotation
 * everybody arrives at one user while nobody has left the other.
 *
 * @throws ConnectionLimitError when a number makes no sense, or both limits together exceed what the server has.
 */
export function connectionLimitOf(connections: Connections): number {
  const { fleet, headroom = defaultHeadroom, serverMax, serverReserved = defaultServerReserved } = connections;
  if (!Number.isInteger(fleet) || fleet < 1) {
    throw new ConnectionLimitError(
      `\`connections.fleet\` must be a whole number of at least 1, got ${fleet}. Write instances × pool size.`,
    );
  }
  if (!Number.isFinite(headroom) || headroom < 0) {
    throw new ConnectionLimitError(
      `\`connections.headroom\` must be 0 or more, got ${headroom}. Write 0.25 for a quarter.`,
    );
  }
  const limit = Math.ceil(fleet * (1 + headroom));
  if (serverMax !== undefined && 2 * limit > serverMax - serverReserved) {
    throw new ConnectionLimitError(
      `Both users together need 2 × ${limit} = ${2 * limit} connections (fleet ${fleet} + ${Math.round(headroom * 100)} % headroom, each), ` +
        `and the server has ${serverMax} − ${serverReserved} reserved = ${serverMax - serverReserved}. ` +
        'Make the pools smaller, put a pooler in front, or raise max_connections.',
    );
  }
  return limit;
}
