/**
 * Refuses every connection but the one to the recorder. A guard inside the process: it stops a program that asks a server for
 * something while it runs, and is no sandbox against one that wants out.
 */
import net from 'node:net';
import dns from 'node:dns';
import dgram from 'node:dgram';
import { settings } from './settings.cjs';
import { report } from './report.cjs';

class NetworkRefused extends Error {
  override readonly name = 'NetworkRefused';
  readonly code = 'EKEYTURNREFUSED';
  constructor(what: string) {
    super(`The recorder runs programs without a network, and this one asked for ${what}.`);
  }
}

function refuse(what: string): NetworkRefused {
  report({ type: 'blocked', what });
  return new NetworkRefused(what);
}

interface Target {
  readonly path?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
}

function targetOf(first: unknown, second: unknown): Target {
  if (Array.isArray(first)) return targetOf(first[0], first[1]);
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { path: first };
  return { port: first, host: typeof second === 'string' ? second : 'localhost' };
}

function isMonitor({ path, host, port }: Target): boolean {
  if (typeof path === 'string' && path !== '') return `unix:${path}` === settings.monitor;
  return `${String(host ?? 'localhost')}:${String(port)}` === settings.monitor;
}

/** Patches sockets, name look-ups and datagrams. */
export function refuseNetwork(): void {
  const { connect }: { connect: unknown } = net.Socket.prototype;
  Reflect.set(
    net.Socket.prototype,
    'connect',
    function guarded(this: InstanceType<typeof net.Socket>, ...args: unknown[]) {
      const target = targetOf(args[0], args[1]);
      if (isMonitor(target) && typeof connect === 'function') return Reflect.apply(connect, this, args) as unknown;
      const error = refuse(
        target.path === undefined ? `${String(target.host ?? 'localhost')}:${String(target.port)}` : 'a local socket',
      );
      process.nextTick(() => this.destroy(error));
      return this;
    },
  );

  const failLookup = (name: unknown, ...rest: unknown[]): void => {
    const callback = rest.at(-1);
    const error = refuse(`the address of ${String(name)}`);
    if (typeof callback === 'function') process.nextTick(() => void Reflect.apply(callback, undefined, [error]));
    else throw error;
  };
  const rejectLookup = (name: unknown): Promise<never> => Promise.reject(refuse(`the address of ${String(name)}`));
  for (const name of [
    'lookup',
    'resolve',
    'resolve4',
    'resolve6',
    'resolveAny',
    'resolveTxt',
    'resolveSrv',
    'resolveMx',
    'reverse',
  ]) {
    if (!(name in dns)) continue;
    const original: unknown = Reflect.get(dns, name);
    Reflect.set(dns, name, (host: unknown, ...rest: unknown[]) => {
      const harmless =
        name === 'lookup' && typeof host === 'string' && net.isIP(host) !== 0 && typeof original === 'function';
      return harmless ? (Reflect.apply(original, dns, [host, ...rest]) as unknown) : failLookup(host, ...rest);
    });
    if (name in dns.promises) Reflect.set(dns.promises, name, rejectLookup);
  }

  Reflect.set(dgram.Socket.prototype, 'send', () => {
    throw refuse('a datagram');
  });
}
