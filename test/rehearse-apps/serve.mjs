import http from 'node:http';

/** Answers every request with one statement of the pool. */
export function serve(pool) {
  pool.on('error', (error) => console.error(error.message));
  const server = http.createServer((request, response) => {
    pool.query('SELECT 1').then(
      () => response.end('1'),
      (error) => {
        console.error(error.message);
        response.writeHead(500).end();
      },
    );
  });
  process.once('SIGTERM', () => {
    server.close(() => pool.end());
    server.closeAllConnections();
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
}

export const address = {
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  database: process.env.DB_NAME,
};
