import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGE_APP_BYTES, largeApp } from './large-app.ts';
import { smallApp } from './small-app.ts';
import { jsonOfOneKilobyte } from './throughput-apps.ts';

test('small apps are distinct, the same in every run, and programs', async () => {
  assert.equal(smallApp(1), smallApp(1));
  assert.notEqual(smallApp(1).replaceAll('1', ''), smallApp(2).replaceAll('2', ''));
  const { default: app } = (await import(`data:text/javascript,${encodeURIComponent(smallApp(7))}`)) as { default: { fetch(request: Request): Promise<Response> } };
  const answer = (await (await app.fetch(new Request('http://small-7/'))).json()) as object;
  assert.deepEqual({ ...answer, digest: '' }, { app: 'small-7', served: 1, digest: '' });
});

test('large apps have the size they are measured for, and run', async () => {
  const bundle = await largeApp(3);
  assert.ok(Math.abs(bundle.length - LARGE_APP_BYTES) < LARGE_APP_BYTES / 50, `${bundle.length} bytes`);
  const { default: app } = (await import(`data:text/javascript,${encodeURIComponent(bundle)}`)) as { default: { fetch(request: Request): Promise<Response> } };
  const answer = (await (await app.fetch(new Request('http://large-3/'))).json()) as { app: string; served: number };
  assert.deepEqual([answer.app, answer.served], ['large-3', 1]);
});

test('the JSON document has 1 KB', () => {
  assert.equal(Buffer.byteLength(jsonOfOneKilobyte()), 1024);
});
