import assert from 'node:assert/strict';
import type { Nanos } from '../support/start-nanos.ts';

export async function checkShortLinks(host: Nanos): Promise<void> {
  const put = (body: string) => host.request('short-links', '/docs', { method: 'PUT', body });
  assert.equal((await put('javascript:alert(1)')).status, 400);
  assert.deepEqual([(await put('https://example.com/a')).status, (await put('https://example.com/b')).status], [201, 204]);
  const answer = await host.request('short-links', '/docs');
  assert.deepEqual([answer.status, answer.headers.location], [302, 'https://example.com/b']);
  assert.deepEqual((await host.request('short-links')).json(), { links: { spec: 'https://fetch.spec.whatwg.org/', docs: 'https://example.com/b' } });
  assert.equal((await host.request('short-links', '/docs', { method: 'DELETE' })).status, 204);
  assert.equal((await host.request('short-links', '/docs')).status, 404);
}
