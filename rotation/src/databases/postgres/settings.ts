import type { Client } from 'pg';

/** Settings whose value is a list of names; one literal would be one name. The list is that of pg_dump (GUC_LIST_QUOTE). */
const lists: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** `"search_path" TO "shop", "public"`, from `search_path=shop, public`. */
export function settingSql(client: Pick<Client, 'escapeIdentifier' | 'escapeLiteral'>, setting: string): string {
  const equals = setting.indexOf('=');
  const name = setting.slice(0, equals);
  const value = setting.slice(equals + 1);
  const shown = lists.has(name.toLowerCase())
    ? namesIn(value)
        .map((one) => client.escapeIdentifier(one))
        .join(', ')
    : client.escapeLiteral(value);
  return `${client.escapeIdentifier(name)} TO ${shown}`;
}

/** The names of a list such as `"$user", public`; a quote inside quotes is doubled. */
function namesIn(list: string): string[] {
  return [...list.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare?.toLowerCase() ?? '',
  );
}
