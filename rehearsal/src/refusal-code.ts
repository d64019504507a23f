import { isPostgresRefusal } from '@keyturn/plan';

/** The SQLSTATE of a refused login; a pooler that says it in words of its own counts as the server that it stands for. */
export function refusalCode(code: string, message: string): string {
  return code === '08P01' && isPostgresRefusal(code, message) ? '28P01' : code;
}
