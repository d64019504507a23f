import { at, text, type Resource } from '@keyturn/resources';
import { isPlaceholder } from '../credential-names.js';

/** Names that say nothing by themselves, and hold a credential by the type of the Secret. */
const byType: ReadonlyMap<string, RegExp> = new Map([
  ['kubernetes.io/rbd', /^key$/],
  ['kubernetes.io/glusterfs', /^key$/],
  ['kubernetes.io/iscsi-chap', /\.password_in$/],
]);
const registries = /^\.docker(configjson|cfg)$/;

/** Whether an entry of a Secret holds a credential by what reads Secrets of that type. */
export function isCredentialEntry({ properties }: Resource, name: string, decoded: string): boolean {
  if (registries.test(name)) return holdsLogin(decoded);
  return byType.get(text(at(properties, 'type')) ?? '')?.test(name) ?? false;
}

/** Whether only a type that is not known yet can tell what an entry holds. */
export function needsType({ properties }: Resource, name: string): boolean {
  return at(properties, 'type').kind === 'unknown' && [...byType.values()].some((names) => names.test(name));
}

/** `{"auths": {"registry.example.com": {"username": …, "password": …, "auth": …}}}`; the older form has no `auths`. */
function holdsLogin(config: string): boolean {
  let read: unknown;
  try {
    read = JSON.parse(config);
  } catch {
    return false;
  }
  const auths = fieldsOf(fieldsOf(read)['auths'] ?? read);
  return Object.values(auths).some((login) =>
    Object.entries(fieldsOf(login)).some(
      ([key, value]) =>
        /^(auth|password|identitytoken)$/.test(key) && typeof value === 'string' && !isPlaceholder(value),
    ),
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
