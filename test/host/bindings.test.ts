/** Models and agents as bindings of apps: over HTTP, with a model's server that does what the tests need. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';

const KEY = 'sk-lent-by-the-operator';
const USAGE = { prompt_tokens: 30, completion_tokens: 10 };

// The model's server

/** Requests that were answered, or broken off by the client. */
const seen: { tokens: number; text: string; authorization: string | undefined; wasBroken: boolean }[] = [];
/** Told at each entry of `seen`. */
let onSeen: () => void = () => undefined;

async function answerChat(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = JSON.parse(await textOf(incoming)) as { max_tokens: number; messages: { content: string }[]; input?: string[] };
  if (body.input !== undefined) {
    response.end(JSON.stringify({ data: body.input.map((text) => ({ embedding: [text.length, 0] })), usage: { prompt_tokens: 5 } }));
    return;
  }
  const text = body.messages.at(-1)?.content ?? '';
  response.once('close', () => {
    seen.push({ tokens: body.max_tokens, text, authorization: incoming.headers.authorization, wasBroken: !response.writableFinished });
    onSeen();
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const say = (content: string): boolean => response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
  if (text === 'forever') {
    const timer = setInterval(() => say('word '), 5);
    response.once('close', () => clearInterval(timer));
    return;
  }
  if (text === 'silence') return;
  say('You said: ');
  say(text);
  response.write(`data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }], usage: USAGE })}\n\ndata: [DONE]\n\n`);
  response.end();
}

async function untilSeen(matches: (entry: (typeof seen)[number]) => boolean): Promise<(typeof seen)[number]> {
  for (;;) {
    const found = seen.find(matches);
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => (onSeen = resolve));
  }
}

const server = createServer((incoming, response) => void answerChat(incoming, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => {
  server.closeAllConnections();
  server.close();
});

// The host

const APP = `
const user = (content) => ({ messages: [{ role: 'user', content }] });
const bad = {
  nothing: (env) => env.AI.chat(),
  unknown: (env) => env.AI.chat({ ...user('a'), maxtokens: 1 }),
  empty: (env) => env.AI.chat({ messages: [] }),
  getter: (env) => env.AI.chat({ get messages() { throw new RangeError('from a getter'); } }),
  cyclic: (env) => { const options = user('a'); options.messages[0].self = options; return env.AI.chat(options); },
  huge: (env) => env.AI.chat(user('x'.repeat(1_100_000))),
  signal: (env) => env.AI.chat({ ...user('a'), signal: {} }),
  aborted: (env) => env.AI.chat({ ...user('a'), signal: AbortSignal.abort(new RangeError('mine')) }),
  tools: (env) => env.AI.chat({ ...user('a'), stream: true, tools: [{ name: 'a' }] }),
  function: (env) => env.AI.embed(() => 1),
  many: (env) => env.AI.embed(Array(101).fill('a')),
  input: (env) => env.AI.run('any', {}),
  other: (env) => env.OTHER.chat(user('a')),
  mismatch: (env) => env.MISMATCH.chat(user('a')),
  detached: (env) => { const { chat } = env.AI; return chat(user('a')); },
  agents: (env) => env.AGENT.run('a goal'),
  goal: (env) => env.AGENT.run(''),
  late: async (env) => { for (let i = 0; i < 60; i++) await env.AI.embed('a'); },
};
export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    const q = url.searchParams.get('q');
    try {
      switch (url.pathname) {
        case '/names': return Response.json(Object.keys(env).sort());
        case '/chat': return Response.json(await env.AI.chat(user(q)));
        case '/stream': return new Response(await env.AI.chat({ ...user(q), stream: true }));
        case '/run': return Response.json(await env.AI.run('@cf/any/model', { prompt: q, max_tokens: 7 }));
        case '/sse': return new Response(await env.AI.run('@cf/any/model', { messages: [{ role: 'user', content: q }], stream: true }), { headers: { 'content-type': 'text/event-stream' } });
        case '/embed': return Response.json([await env.AI.embed(['a', 'abc']), await env.AI.run('@cf/any/embedder', { text: 'ab' })]);
        case '/abort': {
          const reader = (await env.AI.chat({ ...user('forever'), stream: true, signal: AbortSignal.timeout(50) })).getReader();
          for (;;) await reader.read();
        }
        case '/later': context.waitUntil(env.AI.chat(user(q))); return new Response('soon');
        default: await bad[url.pathname.slice(1)](env); return new Response('no error', { status: 500 });
      }
    } catch (error) {
      return Response.json({ name: error.name, code: error.code, message: error.message }, { status: 418 });
    }
  },
};`;

const CONFIG = 'bindings: { AI: { type: llm }, OTHER: { type: llm }, MISMATCH: { type: llm, model: gpt-9 } }\n';

const root = await temporaryFolder({ after });
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
const model = `model: { provider: openai, model_name: small, api_url: "${address}", api_key: "\${MODEL_KEY}" }`;
const policy = (poor: number): string => `
limits: { cpu_ms: 1000, wall_ms: 20000 }
secrets: [MODEL_KEY]
tenants:
  rich:
    bindings:
      AI: { type: llm, max_tokens: 100, ${model} }
      MISMATCH: { type: llm, ${model} }
      AGENT: { type: agent, manifest: a.nano }
  poor:
    tokens: { max: ${poor}, per: total }
    bindings: { AI: { type: llm, max_tokens: 100, ${model} } }
`;
const files = Object.fromEntries(['rich', 'poor'].flatMap((name) => [[`${name}/index.js`, APP], [`${name}/app.nano`, `name: ${name}\n${CONFIG}`]]));
const configFile = join(root, 'nanos.yaml');
await writeFile(configFile, policy(90));
const start = () => startNanos({ after }, { root, files, args: ['--config', configFile], environment: { MODEL_KEY: KEY } });
let host = await start();

async function failure(app: string, path: string): Promise<{ name: string; code?: string; message: string }> {
  const answer = await host.request(app, path);
  assert.equal(answer.status, 418, answer.text);
  return answer.json() as { name: string; code?: string; message: string };
}

test('chat, streams, Workers AI’s run and embeddings', async () => {
  assert.deepEqual((await host.request('rich', '/names')).json(), ['AGENT', 'AI', 'MISMATCH', 'OTHER']);
  const chat = (await host.request('rich', '/chat?q=hello')).json();
  assert.deepEqual(chat, { text: 'You said: hello', toolCalls: [], usage: { promptTokens: 30, completionTokens: 10 }, stopReason: 'stop' });
  assert.deepEqual(seen.at(-1), { tokens: 100, text: 'hello', authorization: `Bearer ${KEY}`, wasBroken: false });
  assert.equal((await host.request('rich', '/stream?q=h%C3%A9llo')).text, 'You said: héllo');
  assert.deepEqual((await host.request('rich', '/run?q=hello')).json(), { response: 'You said: hello', usage: { ...USAGE, total_tokens: 40 } });
  assert.equal(seen.at(-1)?.tokens, 7);
  const events = (await host.request('rich', '/sse?q=hello')).text.split('\n\n');
  assert.deepEqual(events, ['data: {"response":"You said: "}', 'data: {"response":"hello"}', `data: ${JSON.stringify({ response: '', usage: { ...USAGE, total_tokens: 40 } })}`, 'data: [DONE]', '']);
  assert.deepEqual((await host.request('rich', '/embed')).json(), [[[1, 0], [3, 0]], { shape: [1, 2], data: [[2, 0]] }]);
});

test('what the operator did not grant is there, and refuses each call with the reason', async () => {
  const other = await failure('rich', '/other');
  assert.deepEqual([other.name, other.code], ['Error', 'binding_not_granted']);
  assert.match(other.message, /tenants\.rich\.bindings\.OTHER in nanos\.yaml/);
  assert.match((await failure('rich', '/mismatch')).message, /the model gpt-9 is not granted: the operator's is small/);
  await host.waitForLog(({ event, app, message = '' }) => event === 'app_config' && app === 'poor' && message.startsWith("binding OTHER can't be used"));
  assert.equal((await failure('rich', '/agents')).code, 'agents_not_configured');
});

test('malformed options are errors of the call', async () => {
  const expected: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', 'bad_request', /^messages: /],
    ['unknown', 'bad_request', /maxtokens/],
    ['empty', 'bad_request', /^messages: /],
    ['getter', 'RangeError', /^from a getter$/],
    ['cyclic', 'TypeError', /circular/],
    ['huge', 'bad_request', /larger than 1048576 bytes/],
    ['signal', 'TypeError', /AbortSignal/],
    ['aborted', 'RangeError', /^mine$/],
    ['tools', 'bad_request', /^stream: /],
    ['function', 'TypeError', /can't be written as JSON/],
    ['many', 'bad_request', /^the texts: .*1 to 100/],
    ['input', 'bad_request', /messages, a prompt or a text/],
    ['detached', 'TypeError', /./],
    ['goal', 'bad_request', /^goal: /],
    ['late', 'subrequest_limit', /50 subrequests/],
  ];
  for (const [path, code, message] of expected) {
    const error = await failure('rich', `/${path}`);
    assert.equal(error.code ?? error.name, code, path);
    assert.match(error.message, message, path);
  }
  assert.equal((await host.request('rich', '/chat?q=still')).status, 200);
});

test('a client that leaves, and an app that gives up, free the model', async () => {
  await assert.rejects(
    new Promise((_, reject) => {
      const outgoing = request({ port: host.appsPort, path: '/stream?q=forever', headers: { host: 'rich.localhost' } });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => response.on('error', reject).once('data', () => outgoing.destroy(new Error('left'))));
      outgoing.end();
    }),
    /left/,
  );
  assert.equal((await untilSeen(({ text }) => text === 'forever')).wasBroken, true);
  seen.length = 0;
  assert.equal((await failure('rich', '/abort')).name, 'TimeoutError');
  assert.equal((await untilSeen(({ text }) => text === 'forever')).wasBroken, true);
});

test('what waitUntil has goes on after the response', async () => {
  seen.length = 0;
  assert.equal((await host.request('rich', '/later?q=later')).text, 'soon');
  assert.equal((await untilSeen(({ text }) => text === 'later')).wasBroken, false);
});

test('a cell that is killed takes its calls with it', async () => {
  seen.length = 0;
  const lost = host.request('rich', '/chat?q=silence').catch((error: unknown) => error);
  const from = host.logs().length;
  await new Promise<void>((resolve) => server.once('request', () => resolve()));
  for (const pid of host.pids('cell')) process.kill(pid, 'SIGKILL');
  assert.ok((await lost) instanceof Error);
  assert.equal((await untilSeen(({ text }) => text === 'silence')).wasBroken, true);
  await host.waitForLog(({ event }) => event === 'cell_died', from);
  let answer = await host.request('rich', '/chat?q=again').catch(() => undefined);
  while (answer?.status !== 200) answer = await host.request('rich', '/chat?q=again').catch(() => undefined);
});

test('an app past its tokens gets an error, while the other goes on; a restart changes nothing', async () => {
  // 40 each: the third call gets no more than what is left
  for (const [expected, text] of [[88, 'ab'], [48, 'ab'], [8, 'ab']] as const) {
    assert.equal((await host.request('poor', `/chat?q=${text}`)).status, 200);
    assert.equal(seen.at(-1)?.tokens, expected + 1);
  }
  const over = await failure('poor', '/chat?q=ab');
  assert.equal(over.code, 'token_limit');
  assert.match(over.message, /120 of 90 used in all/);
  assert.equal((await host.request('rich', '/chat?q=ab')).status, 200);
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  host = await start();
  assert.equal((await failure('poor', '/stream?q=ab')).code, 'token_limit');
  await writeFile(configFile, policy(1_000));
  assert.equal((await host.control('/v1/reload', 'admin', { method: 'POST' })).status, 200);
  assert.equal((await host.request('poor', '/chat?q=ab')).status, 200);
});

test('the operator’s key is nowhere but at the model', () => {
  assert.ok(host.logs().every((line) => !JSON.stringify(line).includes(KEY)));
});
