/** Every example answers over HTTP as its source promises, served as `npm start` does. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkApiGateway } from './examples/api-gateway.ts';
import { checkAskAnAgent } from './examples/ask-an-agent.ts';
import { checkEdgePage } from './examples/edge-page.ts';
import { checkHeartbeat } from './examples/heartbeat.ts';
import { checkShortLinks } from './examples/short-links.ts';
import { checkStorefront } from './examples/storefront.ts';
import { checkWebhook } from './examples/webhook.ts';
import type { Answer } from './support/http-request.ts';
import { startNanos, type Cleanup } from './support/start-nanos.ts';
import { startWorkerd } from './support/start-workerd.ts';

const FOLDER = fileURLToPath(new URL('../examples/apps', import.meta.url));
const host = await startNanos({ after }, { folders: [FOLDER], args: ['--config', join(FOLDER, 'nanos.yaml')] });

/** One check an example; a folder without one fails the first test. */
const checks: Readonly<Record<string, (cleanup: Cleanup) => Promise<void>>> = {
  async hello() {
    const { status, text, headers } = await host.request('hello', '/a/path?query');
    assert.deepEqual([status, text], [200, 'Hello from nanos, at /a/path\n']);
    assert.match(headers['content-type'] ?? '', /^text\/plain/i);
  },

  /** A wrangler project: the same here as on workerd. */
  async greeter(cleanup) {
    const entry = join(FOLDER, 'greeter/src/index.ts');
    const worker = await startWorkerd(cleanup, { entry, vars: { GREETING: 'Good morning', LANGUAGES: ['en', 'de'] } });
    const checkAnswer = (answer: Answer): void => {
      assert.deepEqual([answer.status, answer.json()], [200, { greeting: 'Good morning, Müller', languages: ['en', 'de'] }]);
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
    };
    checkAnswer(await host.request('greeter', '/?name=M%C3%BCller'));
    checkAnswer(await worker.request('/?name=M%C3%BCller'));
  },

  'api-gateway': (cleanup) => checkApiGateway(cleanup, host),
  webhook: checkWebhook,
  heartbeat: checkHeartbeat,
  'edge-page': (cleanup) => checkEdgePage(cleanup, host),
  'short-links': () => checkShortLinks(host),
  storefront: () => checkStorefront(host),
  'ask-an-agent': () => checkAskAnAgent(host),

  async notes() {
    const headers = { 'content-type': 'application/json' };
    const post = (body: string) => host.request('notes', '/notes', { method: 'POST', headers, body });
    const made = await post('{ "text": "<b>buy milk</b>" }');
    assert.equal(made.status, 201, made.text);
    const { id, text } = made.json() as { id: string; text: string };
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(text, '<b>buy milk</b>');
    assert.deepEqual((await host.request('notes', '/notes')).json(), [{ id, text }]);
    const page = await host.request('notes');
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
    assert.match(page.text, /<li>&lt;b&gt;buy milk&lt;\/b&gt;<\/li>/);
    assert.deepEqual([(await post('{}')).status, (await host.request('notes', '/notes/none', { method: 'DELETE' })).status], [400, 404]);
    assert.equal((await host.request('notes', `/notes/${id}`, { method: 'DELETE' })).status, 204);
    assert.deepEqual((await host.request('notes', '/notes')).json(), []);
  },
};

test('each folder has a check here, and a URL in the listing', () => {
  const names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  assert.deepEqual(Object.keys(checks).toSorted(), names.toSorted());
  for (const name of names) assert.match(host.stderr, new RegExp(`^  ${name} +http://${name}\\.localhost:${host.appsPort}/$`, 'm'));
});

for (const [name, check] of Object.entries(checks)) test(name, (context) => check(context));
