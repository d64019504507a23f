import type { Model, Resource } from '../resource.js';
import { absent } from '../value.js';
import { resourceInFile } from './resource-in-file.js';
import { replacesPassword } from './sed-passwords.js';
import { textOfShell } from './shell-values.js';
import { passwordOf, user, value } from './sql-credentials.js';
import { newUsersIn } from './sql-new-users.js';

export interface ShellOptions {
  /** Path that places name. */
  readonly file: string;
  /** Line of the file that the source begins at, for a script inside another file. Default: 1. */
  readonly firstLine?: number;
}

/** A kind of statement that gives a user, a file or a Secret another password in place. */
interface Pattern {
  readonly does: string;
  readonly matches: RegExp;
  /** Statements that look alike and take nothing away. */
  readonly except?: RegExp;
  /** What tells them from others that look alike, where a pattern is not enough. */
  readonly only?: (statement: string) => boolean;
}

const patterns: readonly Pattern[] = [
  {
    does: 'ALTER USER … PASSWORD',
    matches: new RegExp(
      String.raw`\balter\s+(?:user|role)\s+${user}\s+(?:with\s+)?(?:\w+\s+){0,4}?password\s+${value}`,
      'i',
    ),
    except: /\bcreate\s+(user|role)\b/i,
  },
  {
    does: 'ALTER USER … IDENTIFIED',
    matches: new RegExp(
      String.raw`\balter\s+user\s+(?:if\s+exists\s+)?${user}\s+identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+${value}`,
      'i',
    ),
    except: /\bretain\s+current\s+password\b/i,
  },
  {
    does: 'SET PASSWORD',
    matches: new RegExp(String.raw`\bset\s+password\s+for\s+${user}\s*=\s*(?:password\s*\(\s*)?${value}`, 'i'),
    except: /\bretain\s+current\s+password\b/i,
  },
  {
    does: '`gcloud sql users set-password`',
    matches: new RegExp(String.raw`\bgcloud\s+sql\s+users\s+set-password\s+${user}.*--password[= ]${value}`, 'i'),
  },
  {
    does: '`sed -i` of a password into a file',
    matches: /\bsed\s.*(?:password|passwd|secret)/i,
    only: replacesPassword,
  },
  {
    does: '`kubectl create secret` over the Secret that is there',
    matches:
      /\bkubectl\b.*\bcreate\s+secret\b.*--from-literal[= ]["']?[\w.-]*(?:password|passwd|secret|token)[\w.-]*=(?:(?<text>[^\s"'$]+)|["']?(?<variable>\$\{?\w+)).*\|\s*kubectl\b.*\b(?:apply|replace)\b/i,
  },
  {
    does: '`kubectl patch secret` of a password',
    matches: /\bkubectl\b.*\bpatch\s+secret\b.*(?:password|passwd)/i,
  },
];

/**
 * The statements of a shell script, or of SQL, that change a password in place, each as a resource of the type
 * `shell:script:Statement` with `does` (what it does, without any value), `user` (when it names one), `password` (as it is written),
 * and `creates` (true when the same file makes that user: then it is set up, not rotated). Users that it makes with a password are resources of
 * the type `shell:script:NewUser`. Comments are left out.
 */
export function readShell(source: string, { file, firstLine = 1 }: ShellOptions): Model {
  const resources: Resource[] = [];
  const made = usersMadeIn(source);
  for (const { text, line } of statementsOf(source)) {
    for (const { does, matches, except, only } of patterns) {
      const match = matches.exec(text);
      if (!match || except?.test(text) || only?.(text) === false) continue;
      const place = { file, line: line + firstLine - 1 };
      const name = match.groups?.['user'];
      resources.push(
        resourceInFile({
          reader: 'shell',
          type: 'shell:script:Statement',
          name: `${does.replaceAll('`', '')} ${resources.length + 1}`,
          place,
          fields: {
            does,
            user: name === undefined ? absent : textOfShell(name, { expands: true, place }),
            password: passwordOf(match, place),
            creates: name !== undefined && made.has(name.toLowerCase()),
          },
        }),
      );
      break;
    }
  }
  return { resources: [...resources, ...newUsersIn(source, { file, firstLine })], notAnalysed: [] };
}

/** Names after `CREATE USER` and `createuser`, in lower case. One pass: a dump may hold thousands of users. */
function usersMadeIn(source: string): ReadonlySet<string> {
  const made = new Set<string>();
  for (const { groups } of source.matchAll(
    /\bcreate\s+(?:user|role)\s+(?:if\s+not\s+exists\s+)?["'\\`]*(?<user>[\w$.{}-]+)|\bcreateuser\s(?<words>.*)/gi,
  )) {
    for (const word of groups?.['user'] === undefined
      ? (groups?.['words'] ?? '').split(/[\s"'`\\]+/)
      : [groups['user']])
      made.add(word.toLowerCase());
  }
  return made;
}

/** Lines, joined where a backslash, or a statement of SQL that is not closed yet, carries them on. */
function* statementsOf(source: string): Generator<{ text: string; line: number }> {
  let text = '';
  let first = 0;
  for (const [index, raw] of source.split(/\r\n|\n|\r/).entries()) {
    if (/^\s*(#|--\s)/.test(raw)) continue;
    if (text === '') first = index + 1;
    const joined = `${text}${text === '' ? '' : ' '}${raw.replace(/\\$/, '').trim()}`;
    const opens = /\b(alter\s+(user|role)|set\s+password)\b[^;]*$/i.test(joined) && index + 1 - first < 3;
    const goesOn = raw.endsWith('\\') || (opens && !patterns.some(({ matches }) => matches.test(joined)));
    if (goesOn && joined.length < 10_000) {
      text = joined;
      continue;
    }
    yield { text: joined.slice(0, 10_000), line: first };
    text = '';
  }
  if (text !== '') yield { text, line: first };
}
