import { type Dirent, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isTestPath } from './file-kind.js';
import { statsOf } from './file-stats.js';
import { foldersAbove } from './folders.js';
import { type LoadingFile, type Loads, loadsOf } from './loads.js';

/** What a package does somewhere, as far as its text shows. */
export interface PackageFacts {
  /** It opens a port. */
  readonly serves: boolean;
  /** It opens the connections of a data source. */
  readonly initializes: boolean;
  /** On what a method that ends something is called: `pool` of `pool.end()`, in lower case. */
  readonly ended: ReadonlySet<string>;
  /** The folder of its `package.json`. */
  readonly root: string;
  /** Its sources without tests, and what each loads. */
  readonly sources: readonly LoadingFile[];
}
interface FileFacts extends Loads {
  readonly changed: number;
  readonly serves: boolean;
  readonly initializes: boolean;
  readonly ended: readonly string[];
}

const most = 1_500;
/** In an editor other files change under us; within this time nobody looks again. */
const freshMs = 30_000;
const scanned = new Map<string, { readonly at: number; readonly facts: PackageFacts | undefined }>();
const files = new Map<string, FileFacts>();

const sources = /(?<!\.d)\.[cm]?[jt]sx?$/;
const unread = /^(?:node_modules|dist|build|out|coverage|public|static|assets|vendor|\..*)$/;
const listening = /\.listen\s*\(/;
const initializing = /\.initialize\s*\(/;
const endings =
  /(?<![\w$])([\w$]{1,60})(?:\(\))?[!?]?(?:\.\$(?:client|pool))?[!?]?\.(?:end|close|destroy|disconnect|quit|drain|shutdown|\$disconnect)\s*\(/g;

/** Looks through the package that a file belongs to; nothing where it is too big to look through. */
export function packageOf(context: { readonly filename: string; readonly cwd: string }): PackageFacts | undefined {
  const root = rootOf(context);
  const known = scanned.get(root);
  if (known && Date.now() - known.at < freshMs) return known.facts;
  const facts = scan(root);
  scanned.set(root, { at: Date.now(), facts });
  return facts;
}

/** The folder of the nearest `package.json`, or the one that ESLint runs in. */
function rootOf(context: { readonly filename: string; readonly cwd: string }): string {
  for (const folder of foldersAbove(context)) if (statsOf(path.join(folder, 'package.json'))) return folder;
  return context.cwd;
}

function scan(root: string): PackageFacts | undefined {
  const found: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!unread.test(entry.name)) folders.push(full);
      } else if (sources.test(entry.name) && !isTestPath(path.relative(root, full))) found.push(full);
    }
    if (found.length > most) return undefined;
  }
  const facts = found.map(factsOf);
  return {
    root,
    sources: facts.map(({ modules, loadsUnknown }, index) => ({ file: found[index] ?? '', modules, loadsUnknown })),
    serves: facts.some((each) => each.serves),
    initializes: facts.some((each) => each.initializes),
    ended: new Set(facts.flatMap((each) => each.ended)),
  };
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that cannot be read, or that is gone by now, holds nothing for us.
    return [];
  }
}

function factsOf(file: string): FileFacts {
  const stats = statsOf(file);
  const known = files.get(file);
  if (known?.changed === stats?.mtimeMs && known) return known;
  const text = stats && stats.size < 500_000 ? readFileSync(file, 'utf8') : '';
  const facts = {
    changed: stats?.mtimeMs ?? 0,
    serves: listening.test(text),
    initializes: initializing.test(text),
    ended: [...new Set([...text.matchAll(endings)].map(([, name = '']) => name.toLowerCase()))],
    ...loadsOf(text),
  };
  files.set(file, facts);
  return facts;
}
