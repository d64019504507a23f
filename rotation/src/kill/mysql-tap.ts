import type { Tap } from './tap.js';
import { countStatements, tapTcp, type Unit } from './tcp-tap.js';

/** In front of a MySQL or MariaDB; connections must not be encrypted. Account statements commit on their own, so each of them counts. */
export async function tapMysql(
  target: { readonly host: string; readonly port: number },
  unit: Unit = 'commit',
): Promise<Tap> {
  return await tapTcp(target, () => {
    const counts = countStatements(unit);
    return { split: splitPackets(), counts: (packet) => counts(sqlOf(packet)) };
  });
}

/** Three bytes of length, one of sequence, then the payload. */
function splitPackets(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const packets: Buffer[] = [];
    while (rest.length >= 4) {
      const length = 4 + rest.readUIntLE(0, 3);
      if (rest.length < length) break;
      packets.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return packets;
  };
}

const commandQuery = 0x03;

/** A command begins with sequence 0, and COM_QUERY with its number; before the text, a newer server is told of query attributes. */
function sqlOf(packet: Buffer): string {
  if (packet[3] !== 0 || packet[4] !== commandQuery) return '';
  const start = packet[5] === 0 && packet[6] === 1 ? 7 : 5;
  return packet.toString('utf8', start);
}
