import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { serveHttp } from '../support/serve-http.ts';
import type { Cleanup, Nanos } from '../support/start-nanos.ts';
import { serveExample } from './serve-example.ts';

/** Its own page, changed; and an origin's, of which the start arrives while the end is not written yet. */
export async function checkEdgePage(cleanup: Cleanup, host: Nanos): Promise<void> {
  const { text: page, headers } = await host.request('edge-page', '/', { headers: { 'accept-language': 'de-AT,de' } });
  const nonce = /^script-src 'nonce-([0-9a-f-]{36})'$/.exec(String(headers['content-security-policy']))?.[1];
  assert.match(page, /^<!doctype html>\n<html lang="de">/);
  assert.ok(page.includes(`<script nonce="${nonce}">document.title += ' is open';</script>`), page);
  assert.ok(page.includes('<body><p class="banner">Free delivery today</p>'), page);
  assert.match(page, /<span data-host>edge-page\.localhost(:\d+)?<\/span>/);
  assert.ok(page.includes('<a href="https://example.com/tea">Tea</a> and <a href="/coffee">coffee</a>'), page);
  assert.ok(!page.includes('4711'), page);
  await checkStreaming(cleanup);
}

async function checkStreaming(cleanup: Cleanup): Promise<void> {
  let finish = (): void => undefined;
  const origin = await serveHttp(cleanup, (request, response) => {
    if (request.url !== '/page?a=1') return void response.writeHead(200, { 'content-type': 'text/plain' }).end(request.url);
    response.writeHead(200, { 'content-type': 'text/html' });
    response.write('<html><body><p>first</p>');
    finish = () => response.end('<!-- gone --><p>last</p></body></html>');
  });
  const host = await serveExample(cleanup, 'edge-page', { ORIGIN: origin, BANNER: 'b' });
  assert.equal((await host.request('edge-page', '/<b>')).text, '/%3Cb%3E');

  const request = get({ hostname: '127.0.0.1', port: host.appsPort, path: '/page?a=1', headers: { host: 'edge-page.localhost' }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const [first] = (await once(response, 'data')) as [Buffer];
  finish();
  assert.equal(String(first) + (await text(response)), '<html lang="en"><body><p class="banner">b</p><p>first</p><p>last</p></body></html>');
}
