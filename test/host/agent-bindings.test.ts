/** Agents as bindings of apps: over HTTP, with the built-in agent and a model's server that calls the tools which the goal names. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RunDetail } from '../../src/protocol/agent/control.ts';
import type { AgentAnswer } from '../../src/protocol/bindings/agent-binding.ts';
import type { Answer } from '../support/http-request.ts';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';

const USAGE = { prompt_tokens: 900, completion_tokens: 100 };

/** Told of each question that gets no answer. */
let onHang: () => void = () => undefined;

/** A goal `done WORDS` is reached at once, `hang` never, and `again` never either, but at work. */
const server = createServer((incoming, response) => {
  void textOf(incoming).then((text) => {
    const goal = /(done|hang|again) ?(\w*)/.exec(text.slice(text.lastIndexOf('GOAL')))?.slice(1) ?? [];
    if (goal[0] === 'hang') return onHang();
    const call = goal[0] === 'done' ? { name: 'done', arguments: JSON.stringify({ summary: `It is ${goal[1]}` }) } : { name: 'calc', arguments: JSON.stringify({ expression: `${Math.random()} + 1` }) };
    const message = { content: null, tool_calls: [{ id: 'call_1', function: call }] };
    response.end(JSON.stringify({ choices: [{ message, finish_reason: 'tool_calls' }], usage: USAGE }));
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => {
  server.closeAllConnections();
  server.close();
});

const APP = `export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const [, binding, method] = pathname.split('/');
    const options = JSON.parse(searchParams.get('options') ?? 'null');
    try {
      return Response.json(await env[binding][method](searchParams.get('q'), options ?? undefined));
    } catch (error) {
      return Response.json({ name: error.name, code: error.code, message: error.message }, { status: 418 });
    }
  },
};`;

const root = await temporaryFolder({ after });
const manifest = `name: worker
goal: nothing
model: { provider: openai, model_name: small, api_url: "http://127.0.0.1:${(server.address() as AddressInfo).port}/v1" }
resources: { tokens: 10000 }
permissions: {}
`;
await mkdir(join(root, 'agents', 'worker'), { recursive: true });
await writeFile(join(root, 'agents', 'worker', 'agent.nano'), manifest);
const binding = (more: string): string => `{ type: agent, manifest: worker/agent.nano${more} }`;
const policy = `
limits: { cpu_ms: 1000, wall_ms: 40000 }
agents: { folder: agents, egress: { private: [loopback] } }
tenants:
  one: { bindings: { R: ${binding(', tokens: 3500')}, S: ${binding(', runs: 1')}, GONE: { type: agent, manifest: gone.nano } } }
  two: { tokens: { max: 2000, per: day }, bindings: { R: ${binding('')} } }
`;
const configFile = join(root, 'nanos.yaml');
await writeFile(configFile, policy);
const files = { 'one/index.js': APP, 'two/index.js': APP };
const host = await startNanos({ after }, { root, files, args: ['--config', configFile, '--cells', '1'] });

function call(app: string, path: string, q: string, options?: object): Promise<Answer> {
  const query = new URLSearchParams({ q, ...(options === undefined ? {} : { options: JSON.stringify(options) }) });
  return host.request(app, `${path}?${query.toString()}`);
}

async function answerOf(app: string, path: string, q: string, options?: object): Promise<AgentAnswer> {
  const answer = await call(app, path, q, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json() as AgentAnswer;
}

async function failure(app: string, path: string, q: string, options?: object): Promise<{ code: string; message: string }> {
  const answer = await call(app, path, q, options);
  assert.equal(answer.status, 418, answer.text);
  return answer.json() as { code: string; message: string };
}

async function recorded(id: string, waitS = 0): Promise<RunDetail> {
  const answer = await host.control(`/v1/runs/${id}${waitS === 0 ? '' : `?wait=${waitS}`}`);
  return JSON.parse(answer.text) as RunDetail;
}

async function runsUnderWay(): Promise<RunDetail[]> {
  return (JSON.parse((await host.control('/v1/runs?status=running')).text) as { runs: RunDetail[] }).runs;
}

/** A request that is broken off, by `end`, once the agent waits for its model. */
async function hanging(path: string, end: (leave: () => void) => void): Promise<string> {
  const hangs = new Promise<void>((resolve) => (onHang = resolve));
  const outgoing = request({ port: host.appsPort, path: `${path}?q=GOAL+hang`, headers: { host: 'one.localhost' } });
  const over = new Promise((resolve) => outgoing.once('error', resolve));
  outgoing.end();
  await hangs;
  const [run] = await runsUnderWay();
  end(() => outgoing.destroy(new Error('left')));
  await over;
  return run?.id ?? '';
}

test('a goal is reached; only the binding that started a run sees it', async () => {
  const answer = await answerOf('one', '/R/run', 'GOAL done well');
  assert.deepEqual({ ...answer, runId: '' }, { runId: '', status: 'done', message: 'It is well', tokens: 1_000 });
  const { goal, agent } = await recorded(answer.runId);
  assert.deepEqual([goal, agent], ['GOAL done well', 'worker']);
  assert.deepEqual(await answerOf('one', '/R/get', answer.runId), answer);
  assert.deepEqual(await answerOf('one', '/R/cancel', answer.runId), answer);
  const own = JSON.parse((await host.control('/v1/run', 'admin', { method: 'POST', body: JSON.stringify({ manifest: 'worker/agent.nano', goal: 'GOAL done here' }) })).text) as RunDetail;
  for (const [app, path, id] of [['one', '/S/get', answer.runId], ['two', '/R/get', answer.runId], ['two', '/R/cancel', answer.runId], ['one', '/R/get', own.id], ['one', '/R/get', '../runs'], ['one', '/R/get', '__proto__']] as const) {
    assert.equal((await failure(app, path, id)).code, 'not_found', `${app} ${path} ${id}`);
  }
});

test('malformed arguments, and an agent that is not there', async () => {
  assert.equal((await failure('one', '/R/run', '')).code, 'bad_request');
  assert.equal((await failure('one', '/R/run', 'x'.repeat(70_000).slice(0, 15_000), { tokens: 0 })).code, 'bad_request');
  assert.equal((await failure('one', '/R/run', 'GOAL done', { timeoutMs: 'soon' })).code, 'bad_request');
  assert.equal((await failure('one', '/R/get', 'x'.repeat(65))).code, 'bad_request');
  const gone = await failure('one', '/GONE/run', 'GOAL done');
  assert.deepEqual([gone.code, gone.message], ['not_found', 'There is no gone.nano in the folder of agents']);
});

test('budgets of both sides: the manifest’s, the operator’s for the binding, the call’s, and what the app has left', async () => {
  // at 1,000 tokens a step
  for (const [path, options, least, most] of [['/S/run', undefined, 4_000, 10_000], ['/R/run', undefined, 1_000, 3_500], ['/R/run', { tokens: 1_500 }, 0, 1_500], ['/R/run', { tokens: 9_000 }, 1_000, 3_500]] as const) {
    const { status, tokens } = await answerOf('one', path, 'GOAL again', options);
    assert.ok(status !== 'done' && tokens >= least && tokens <= most, `${path} ${JSON.stringify(options)}: ${status} after ${tokens}`);
  }
  const timed = await answerOf('one', '/S/run', 'GOAL hang', { timeoutMs: 300 });
  assert.equal(timed.status, 'wall_limit', JSON.stringify(timed));
  // both together use up all that the app has
  for (const word of ['first', 'second']) assert.equal((await answerOf('two', '/R/run', `GOAL done ${word}`)).message, `It is ${word}`);
  assert.equal((await failure('two', '/R/run', 'GOAL done')).code, 'token_limit');
  assert.equal((await answerOf('one', '/R/run', 'GOAL done still')).status, 'done');
});

test('a run that was started goes on without the request; no more at once than granted', async () => {
  const begun = new Promise<void>((resolve) => (onHang = resolve));
  const started = await answerOf('one', '/S/start', 'GOAL hang');
  assert.equal(started.status, 'running');
  await begun;
  assert.equal((await failure('one', '/S/run', 'GOAL done')).code, 'overloaded');
  assert.equal((await answerOf('one', '/R/run', 'GOAL done elsewhere')).status, 'done');
  assert.equal((await answerOf('one', '/S/get', started.runId)).status, 'running');
  await answerOf('one', '/S/cancel', started.runId);
  assert.equal((await recorded(started.runId, 20)).status, 'cancelled');
});

test('the run ends with a client that leaves, and with the cell', async () => {
  assert.equal((await recorded(await hanging('/R/run', (leave) => leave()), 20)).status, 'cancelled');
  const killed = await hanging('/R/run', () => host.pids('cell').forEach((pid) => process.kill(pid, 'SIGKILL')));
  assert.equal((await recorded(killed, 20)).status, 'cancelled');
});

test('a run outlives the process of agents, and the app gets its answer', async () => {
  let answer = await call('one', '/R/run', 'GOAL done again').catch(() => undefined);
  while (answer?.status !== 200) answer = await call('one', '/R/run', 'GOAL done again').catch(() => undefined);
  const hangs = new Promise<void>((resolve) => (onHang = resolve));
  const waiting = answerOf('one', '/R/run', 'GOAL hang');
  await hangs;
  const [run] = await runsUnderWay();
  const resumed = new Promise<void>((resolve) => (onHang = resolve));
  for (const pid of host.pids('agents')) process.kill(pid, 'SIGKILL');
  await resumed;
  await host.control(`/v1/runs/${run?.id}/cancel`, 'admin', { method: 'POST' });
  const over = await waiting;
  assert.deepEqual([over.runId, over.status], [run?.id, 'cancelled']);
});
