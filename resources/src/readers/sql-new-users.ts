import type { Resource } from '../resource.js';
import { absent } from '../value.js';
import { resourceInFile } from './resource-in-file.js';
import { textOfShell } from './shell-values.js';
import { passwordOf, user, value } from './sql-credentials.js';

/** Options between a user and its password: no other user, and no end of the statement. */
const options = String.raw`(?:(?!\b(?:create|grant)\b)[^;]){0,300}?`;

const patterns: readonly { readonly does: string; readonly matches: RegExp }[] = [
  {
    does: 'CREATE USER MAPPING',
    matches: new RegExp(String.raw`\bcreate\s+user\s+mapping\b${options}\bpassword\s+${value}`, 'gi'),
  },
  {
    does: 'CREATE USER … PASSWORD',
    matches: new RegExp(
      String.raw`\bcreate\s+(?:user|role|login)\s+(?!mapping\b)(?:if\s+not\s+exists\s+)?${user}\s${options}(?<!\bby\s{1,9})\bpassword(?:\s+|\s*=\s*N?)${value}`,
      'gi',
    ),
  },
  {
    does: 'CREATE USER … IDENTIFIED',
    matches: new RegExp(
      String.raw`\bcreate\s+(?:user|role)\s+(?:if\s+not\s+exists\s+)?${user}\s${options}\bidentified\s+(?:with\s+(?!\S*hash)\S+\s+)?by\s+${value}`,
      'gi',
    ),
  },
  {
    does: 'GRANT … IDENTIFIED',
    matches: new RegExp(String.raw`\bgrant\s${options}\bto\s+${user}\s+identified\s+by\s+${value}`, 'gi'),
  },
];

export interface NewUserOptions {
  readonly file: string;
  readonly firstLine: number;
}

/** The users that SQL in a text creates with a password, each as a resource of the type `shell:script:NewUser`. */
export function newUsersIn(source: string, { file, firstLine }: NewUserOptions): readonly Resource[] {
  if (!/\b(create|grant)\s/i.test(source)) return [];
  const uncommented = source.replace(/^[ \t]*(?:#|--(?!\S)).*$/gm, (comment) => ' '.repeat(comment.length));
  const resources: Resource[] = [];
  for (const { does, matches } of patterns) {
    for (const match of uncommented.matchAll(matches)) {
      const line = firstLine + uncommented.slice(0, match.index).split('\n').length - 1;
      const place = { file, line };
      const name = match.groups?.['user'];
      resources.push(
        resourceInFile({
          reader: 'shell',
          type: 'shell:script:NewUser',
          name: `${does} ${resources.length + 1}`,
          place,
          fields: {
            does,
            user: name === undefined ? absent : textOfShell(name, { expands: true, place }),
            password: passwordOf(match, place),
          },
        }),
      );
    }
  }
  return resources;
}
