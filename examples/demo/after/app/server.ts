import http from 'node:http';

import { pool } from './database.js';
import { bestSellers, orderById, ordersOf, placeOrder } from './shop.js';

async function answer(method: string, url: URL): Promise<unknown> {
  const [, first, id, second] = url.pathname.split('/');
  if (first === 'health') return 'ready';
  if (first === 'best-sellers') return await bestSellers();
  if (first === 'orders') return await orderById(Number(id));
  if (first === 'customers' && second === 'orders') {
    return method === 'POST'
      ? await placeOrder(Number(id), Number(url.searchParams.get('item')))
      : await ordersOf(Number(id));
  }
  return undefined;
}

const server = http.createServer((request, response) => {
  answer(request.method ?? 'GET', new URL(request.url ?? '/', 'http://localhost')).then(
    (body) => {
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      response.writeHead(500).end();
    },
  );
});

process.once('SIGTERM', () => {
  server.close(() => void pool.end());
});

server.listen(Number(process.env['PORT']), '127.0.0.1');
