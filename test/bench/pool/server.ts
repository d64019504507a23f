import type { Credential } from '@keyturn/plan';
import { startPostgres } from '@keyturn/services';
import pg from 'pg';

/** A server with dual users over a shared role. */
export interface Server {
  readonly at: { readonly host: string; readonly port: number; readonly database: string };
  readonly admin: pg.Pool;
  /** The credential that is published now. */
  readonly published: Credential;
  /** Gives the user that is not published a new password and publishes it; the other one keeps working. */
  advance(): Promise<Credential>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const server = await startPostgres();
  const at = { host: server.host, port: server.port, database: 'postgres' };
  const admin = new pg.Pool({ ...at, user: server.superuser, password: server.superuserPassword, max: 1 });
  // The server may close the last connections before the pool has; nothing is lost by it.
  admin.on('error', () => undefined);
  await admin.query(
    'CREATE ROLE app NOLOGIN; CREATE ROLE app_a NOLOGIN IN ROLE app; CREATE ROLE app_b NOLOGIN IN ROLE app',
  );
  let published: Credential | undefined;
  const advance = async (): Promise<Credential> => {
    const generation = (published?.generation ?? 0) + 1;
    const user = generation % 2 === 1 ? 'app_a' : 'app_b';
    const password = `p${generation}${Math.random().toString(36).slice(2)}`;
    await admin.query(`ALTER ROLE ${user} LOGIN PASSWORD '${password}'`);
    return (published = { user, password, generation });
  };
  await advance();
  return {
    at,
    admin,
    get published() {
      if (!published) throw new Error('Nothing is published.');
      return published;
    },
    advance,
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}
