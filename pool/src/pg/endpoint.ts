import type pg from 'pg';

/** Logins are counted per server: a lagging replica may refuse what its writer accepts. */
export function endpointOf(driver: pg.ClientConfig): string {
  if (driver.connectionString !== undefined) return new URL(driver.connectionString).host;
  const host = driver.host ?? process.env['PGHOST'] ?? 'localhost';
  return `${host}:${driver.port ?? process.env['PGPORT'] ?? 5432}`;
}
