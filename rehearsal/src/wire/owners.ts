import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Members of process groups change when programs start; a list that is this old is read again. */
const membersForMs = 500;

/**
 * Finds the process group that holds the other end of a connection on loopback, from `/proc`, for all connections of one turn of the
 * event loop at once. Elsewhere than on Linux nothing is found.
 */
export class Owners {
  readonly #groups = new Set<number>();
  #members: { readonly at: number; readonly pids: ReadonlyMap<number, number> } = { at: 0, pids: new Map() };
  #asked: { readonly ends: string; readonly found: (group: number | undefined) => void }[] = [];

  /** A group whose connections are to be told. */
  add(group: number): void {
    this.#groups.add(group);
    this.#members = { at: 0, pids: new Map() };
  }

  /**
   * @param from port of the client's end
   * @param to port that it connected to
   */
  async ownerOf(from: number, to: number): Promise<number | undefined> {
    return await new Promise((found) => {
      this.#asked.push({ ends: endsOf(from, to), found });
      if (this.#asked.length === 1) setImmediate(() => this.#answer());
    });
  }

  #answer(): void {
    const asked = this.#asked;
    this.#asked = [];
    const inodes = inodesByEnds();
    let held = this.#heldInodes(membersForMs);
    const isKnown = ({ ends }: { readonly ends: string }): boolean => held.has(inodes.get(ends) ?? '');
    if (!asked.every(isKnown)) held = this.#heldInodes(0);
    for (const { ends, found } of asked) found(held.get(inodes.get(ends) ?? ''));
  }

  /** Sockets of the groups, by inode. */
  #heldInodes(forMs: number): ReadonlyMap<string, number> {
    const at = performance.now();
    if (at - this.#members.at > forMs) this.#members = { at, pids: membersOf(this.#groups) };
    const held = new Map<string, number>();
    for (const [pid, group] of this.#members.pids) for (const inode of socketsOf(pid)) held.set(inode, group);
    return held;
  }
}

function endsOf(from: number, to: number): string {
  return `${hex(from)} ${hex(to)}`;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Inodes of the TCP sockets of this machine, by the ports of their two ends. */
function inodesByEnds(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of textOf(table).split('\n').slice(1, -1)) {
      const [, local = '', remote = '', , , , , , , inode = '0'] = line.trim().split(/\s+/);
      if (inode !== '0') found.set(`${local.slice(-4)} ${remote.slice(-4)}`, inode);
    }
  }
  return found;
}

function membersOf(groups: ReadonlySet<number>): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const name of entriesOf('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // The name of the program stands in parentheses and may hold anything; state, parent and group follow.
    const stat = textOf(`/proc/${name}/stat`);
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
    if (groups.has(group)) found.set(Number(name), group);
  }
  return found;
}

function socketsOf(pid: number): readonly string[] {
  return entriesOf(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
