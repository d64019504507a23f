import type { Tap } from './tap.js';
import { countStatements, tapTcp, type Unit } from './tcp-tap.js';

/** In front of a PostgreSQL. The server takes back what was not committed. */
export async function tapPostgres(
  target: { readonly host: string; readonly port: number },
  unit: Unit = 'commit',
): Promise<Tap> {
  return await tapTcp(target, () => {
    const counts = countStatements(unit);
    return { split: splitMessages(), counts: (message) => counts(sqlOf(message)) };
  });
}

/** Cuts what a client sends into messages; the first one has no type byte. */
function splitMessages(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    for (;;) {
      const head = started ? 1 : 0;
      if (rest.length < head + 4) return messages;
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) return messages;
      messages.push(rest.subarray(0, length));
      rest = rest.subarray(length);
      started = true;
    }
  };
}

/** SQL of a Query, or of a Parse message, with which a statement with parameters begins; else nothing. */
function sqlOf(message: Buffer): string {
  const type = message.toString('latin1', 0, 1);
  if (type === 'Q') return message.toString('utf8', 5, message.length - 1);
  if (type !== 'P') return '';
  const name = message.indexOf(0, 5);
  return message.toString('utf8', name + 1, message.indexOf(0, name + 1));
}
