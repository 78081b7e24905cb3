import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { serveHttp } from '../support/serve-http.ts';
import { serveExample } from './serve-example.ts';
import type { Cleanup, Nanos } from '../support/start-nanos.ts';

/** Before other apps of its host, and before an upstream that fails, dawdles and echoes. */
export async function checkApiGateway(cleanup: Cleanup, beside: Nanos): Promise<void> {
  const greeting = await beside.request('api-gateway', '/greetings?name=Ada', { headers: { 'x-api-key': 'demo-key' } });
  assert.deepEqual([greeting.status, (greeting.json() as { greeting: string }).greeting], [200, 'Good morning, Ada']);
  const seen: IncomingMessage[] = [];
  let failures = 2;
  const upstream = await serveHttp(cleanup, (request, response) => {
    seen.push(request);
    if (request.url === '/v1/flaky' && failures-- > 0) return void response.writeHead(503).end();
    if (request.url === '/v1/slow') return;
    void echo(request, response);
  });
  const env = { ROUTES: { '/things': { upstream: `${upstream}/v1`, cacheSeconds: 30 }, '/gone': { upstream: 'http://127.0.0.1:1' } }, KEYS: { k1: { client: 'ada', perMinute: 10 }, k2: { client: 'bob', perMinute: 2 } }, TIMEOUT_MS: 1000, RETRIES: 2 };
  const host = await serveExample(cleanup, 'api-gateway', env);
  const call = (path: string, key = 'k1', options = {}) => host.request('api-gateway', path, { ...options, headers: { 'x-api-key': key } });

  assert.equal((await host.request('api-gateway', '/things')).status, 401);
  assert.equal((await call('/things', 'toString')).status, 401);
  assert.equal((await call('/thingsandmore')).status, 404);

  const answer = await call('/things/7?full=1', 'k1', { method: 'POST', body: 'four' });
  assert.deepEqual(answer.json(), { method: 'POST', url: '/v1/7?full=1', client: 'ada', key: null, body: 'four' });

  const flaky = await call('/things/flaky');
  assert.deepEqual([flaky.status, flaky.headers['cache-control'], flaky.headers.vary], [200, 'private, max-age=30', 'x-api-key']);
  assert.equal(seen.filter(({ url }) => url === '/v1/flaky').length, 3);

  assert.equal((await call('/gone', 'k1', { method: 'POST', body: 'x' })).status, 502);
  assert.equal((await call('/things/slow', 'k1', { method: 'POST', body: 'x' })).status, 504);
  assert.equal(seen.filter(({ url }) => url === '/v1/slow').length, 1, 'a POST is sent once');

  const statuses = [await call('/things/a', 'k2'), await call('/things/b', 'k2'), await call('/things/c', 'k2')];
  assert.deepEqual(statuses.map(({ status }) => status), [200, 200, 429]);
  assert.match(statuses[2]!.headers['retry-after'] ?? '', /^\d+$/);
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, headers } = request;
  const body = await text(request);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method, url, client: headers['x-client'], key: headers['x-api-key'] ?? null, body }));
}
