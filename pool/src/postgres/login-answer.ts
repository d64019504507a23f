const backendKeyData = 0x4b; // K
const errorResponse = 0x45; // E
const readyForQuery = 0x5a; // Z

/** What a server answered to a login. */
export interface LoginAnswer {
  readonly accepted: boolean;
  /** The process of the server that answers from now on. */
  readonly processId?: number;
  /** SQLSTATE and text of the refusal. */
  readonly code?: string;
  readonly message?: string;
}

/**
 * Reads a server's messages until they say how a login went: each is a letter, four bytes of length and the rest, as the chapter "Message
 * Formats" of PostgreSQL's documentation has it. The bytes may come in pieces of any size.
 */
export function loginAnswer(onAnswer: (answer: LoginAnswer) => void): (chunk: Buffer) => void {
  let seen: Buffer = Buffer.alloc(0);
  let processId: number | undefined;
  let answered = false;
  const answer = (given: LoginAnswer): void => {
    answered = true;
    onAnswer(given);
  };
  return (chunk) => {
    if (answered) return;
    seen = Buffer.concat([seen, chunk]);
    while (seen.length >= 5) {
      const length = seen.readUInt32BE(1) + 1;
      if (seen.length < length) return;
      const message = seen.subarray(5, length);
      if (seen[0] === backendKeyData) processId = message.readInt32BE(0);
      if (seen[0] === readyForQuery)
        return answer({ accepted: true, ...(processId === undefined ? {} : { processId }) });
      if (seen[0] === errorResponse) {
        const fields = message.toString('utf8').split('\0');
        const field = (letter: string): string => fields.find((text) => text.startsWith(letter))?.slice(1) ?? '';
        return answer({ accepted: false, code: field('C'), message: field('M') });
      }
      seen = seen.subarray(length);
    }
  };
}
