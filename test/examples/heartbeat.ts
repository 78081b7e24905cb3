import assert from 'node:assert/strict';
import { serveHttp } from '../support/serve-http.ts';
import type { Cleanup } from '../support/start-nanos.ts';
import { serveExample } from './serve-example.ts';

/** Triggered as `nanos trigger` does it, since nobody waits five minutes. */
export async function checkHeartbeat(cleanup: Cleanup): Promise<void> {
  const target = await serveHttp(cleanup, (request, response) => void response.writeHead(request.method === 'HEAD' ? 204 : 400).end());
  const host = await serveExample(cleanup, 'heartbeat', { TARGETS: [target, 'http://127.0.0.1:1/'] });
  assert.deepEqual((await host.request('heartbeat')).json(), []);
  const scheduled = { cron: '*/5 * * * *', scheduled_time: Date.UTC(2026, 0, 1, 0, 5) };
  const { status } = await host.control('/v1/apps/heartbeat/trigger', 'admin', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(scheduled) });
  assert.equal(Math.floor(status / 100), 2);
  await host.waitForLog(({ message }) => message?.includes('no answer from http://127.0.0.1:1/') ?? false);
  assert.deepEqual((await host.request('heartbeat')).json(), [{ cron: '*/5 * * * *', time: '2026-01-01T00:05:00.000Z', found: { [target]: 204, 'http://127.0.0.1:1/': 'no answer' } }]);
}
