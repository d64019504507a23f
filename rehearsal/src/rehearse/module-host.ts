/** Serves a module's pool: each request asks it one statement. Run by a rehearsal of a module. */
import http from 'node:http';
import { pathToFileURL } from 'node:url';

interface Pool {
  query(sql: string): Promise<unknown>;
  end?(): Promise<unknown>;
  /** The same with promises, where it is the pool of `mysql2` with callbacks. */
  promise?(): Pool;
}

const [file = '', name = 'default', sql = 'SELECT 1'] = process.argv.slice(2);
const loaded = (await import(pathToFileURL(file).href)) as Record<string, Pool | undefined>;
const exported = loaded[name];
if (typeof exported?.query !== 'function') {
  console.error(
    `The module has no export "${name}" with query(). It exports: ${Object.keys(loaded).join(', ') || 'nothing'}.`,
  );
  process.exit(1);
}
const pool = typeof exported.promise === 'function' ? exported.promise() : exported;

const server = http.createServer((request, response) => {
  if (request.url === '/health') return void response.end();
  pool.query(sql).then(
    () => response.end(),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      response.writeHead(500).end();
    },
  );
});
process.once('SIGTERM', () => server.close(() => void pool.end?.().finally(() => process.exit(0))));
server.listen(Number(process.env['PORT']), '127.0.0.1');
