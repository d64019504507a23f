import { Duplex } from 'node:stream';

/**
 * A socket that only ever says why there is none. The driver cannot do without a socket: when it is given none, it never tries that place of
 * its pool again.
 */
export function refusedSocket(error: Error): Duplex {
  const socket = new Duplex({ autoDestroy: false, read: () => undefined, write: (_chunk, _encoding, done) => done() });
  // After the driver has written its first message, which it does in the next turn of the event loop.
  setImmediate(() =>
    setImmediate(() => {
      socket.emit('error', error);
      // Without a trace of an error: the driver would wait longer and longer before it uses this place again.
      socket.emit('close', false);
    }),
  );
  socket.on('error', () => undefined);
  return socket;
}
