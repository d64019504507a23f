import type { Value } from '@keyturn/resources';

/** A switch: on, off, not written, or not known. `"true"` and `"false"` count as switches: some providers pass texts. */
export type Truth = 'on' | 'off' | 'absent' | 'unknown';

export function truthOf(value: Value): Truth {
  if (value.kind === 'absent') return 'absent';
  if (value.kind === 'unknown') return 'unknown';
  if (value.kind !== 'known' || value.value === null) return 'absent';
  return value.value === true || /^true$/i.test(String(value.value)) ? 'on' : 'off';
}

/** Whether something is written: text, number, list or object. An empty text, an empty list and `null` are as good as absent. */
export function isWritten(value: Value): 'yes' | 'no' | 'unknown' {
  switch (value.kind) {
    case 'absent':
      return 'no';
    case 'unknown':
      return 'unknown';
    case 'known':
      return value.value === null || value.value === '' ? 'no' : 'yes';
    case 'list':
      return value.items.length > 0 ? 'yes' : 'no';
    case 'object':
      return value.fields.size > 0 ? 'yes' : 'no';
  }
}
