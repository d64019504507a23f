/** The `auth_file` of PgBouncer, one `"user" "secret"` a line, with another secret for one user, or without that user. Other lines stay. */
export function withUser(text: string, user: string, secret: string | undefined): string {
  const name = `"${user.replaceAll('"', '""')}"`;
  const lines = text.split('\n');
  const last = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  const others = last.filter((line) => !(line.startsWith(name) && /^(?:\s|$)/.test(line.slice(name.length))));
  const added = secret === undefined ? [] : [`${name} "${secret.replaceAll('"', '""')}"`];
  return [...others, ...added].map((line) => `${line}\n`).join('');
}
