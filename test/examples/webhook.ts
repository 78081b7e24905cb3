import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Cleanup } from '../support/start-nanos.ts';
import { serveHttp } from '../support/serve-http.ts';
import { serveExample } from './serve-example.ts';

/** An event is answered at once and arrives in the end, though its receiver fails twice. */
export async function checkWebhook(cleanup: Cleanup): Promise<void> {
  const tries: { id: unknown; body: string }[] = [];
  const receiver = await serveHttp(cleanup, (request, response) => {
    void text(request).then((body) => {
      tries.push({ id: request.headers['x-delivery-id'], body });
      response.writeHead(tries.length < 3 ? 500 : 204).end();
    });
  });
  const host = await serveExample(cleanup, 'webhook', { WEBHOOK_SECRET: 'whsec-for-the-test', FORWARD_TO: receiver });
  const send = (body: string, signature: string | undefined) => host.request('webhook', '/', { method: 'POST', body, headers: { 'x-delivery-id': 'event-1', ...(signature === undefined ? {} : { 'x-signature-256': signature }) } });
  const body = '{"paid":true}';
  const signature = `sha256=${createHmac('sha256', 'whsec-for-the-test').update(body).digest('hex')}`;

  assert.equal((await send(body, undefined)).status, 401);
  assert.equal((await send(`${body} `, signature)).status, 401);
  assert.equal((await host.request('webhook')).status, 405);
  assert.equal(tries.length, 0);

  const answer = await send(body, signature);
  assert.deepEqual([answer.status, answer.json()], [202, { accepted: 'event-1' }]);
  await host.waitForLog(({ message }) => message?.includes('delivered event-1 at try 3') ?? false);
  assert.deepEqual(tries, Array.from({ length: 3 }, () => ({ id: 'event-1', body })));
}
