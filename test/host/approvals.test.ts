/** Agents in a host whose calls wait for a person: real agents, real HTTP, real processes that die in between. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileAgent } from '../../src/agents/compile/compile-agent.ts';
import { createHandlers } from '../../src/agents/run/handlers.ts';
import { recordDecision } from '../../src/agents/run/record-decision.ts';
import type { RunDetail } from '../../src/protocol/agent/control.ts';
import { NanosError } from '../../src/protocol/errors.ts';
import { JournalReader } from '../../src/recording/journal-reader.ts';
import { runNanos } from '../support/run-nanos.ts';
import { countRequests } from '../support/count-requests.ts';
import { startNanos, temporaryFolder, type Nanos } from '../support/start-nanos.ts';

/** Does what its goal says, all at once, and tells how it went. */
const AGENT = `
import { agent, fs, web } from 'nanos/agent';
const told = (promise) => promise.then(() => 'ok', (error) => error.code + ' ' + error.rule);
export async function run() {
  const plan = JSON.parse(await agent.getGoal());
  const all = (plan.writes ?? []).map((name) => told(fs.writeFile('out/' + name, 'from ' + name)));
  if (plan.posts) all.push(told(web.fetch(plan.posts, { method: 'POST', body: 'once' })));
  if (plan.ms) await new Promise((resolve) => setTimeout(resolve, plan.ms));
  await agent.done((await Promise.all(all)).join());
}
`;
const MANIFEST = 'name: asker\nbinary: agent.wasm\napprove: [fs_write]\npermissions: { fs_write: ["out/**"], network: true }\n';
const CONFIG = 'agents: { egress: { private: [loopback] }, approve: [web_fetch], limits_max: { memory: 64MB } }\n';

const folder = await temporaryFolder({ after });
const agents = join(folder, 'agents');
const config = join(folder, 'host.yaml');
mkdirSync(agents);
writeFileSync(join(folder, 'agent.ts'), AGENT);
writeFileSync(join(agents, 'agent.wasm'), (await compileAgent(join(folder, 'agent.ts'))).wasm);
writeFileSync(join(agents, 'agent.nano'), MANIFEST);
writeFileSync(config, CONFIG);
const host = await start(await temporaryFolder({ after }));

function start(root: string): Promise<Nanos> {
  return startNanos({ after }, { root, files: { 'hello/index.js': `export default { fetch: () => new Response('hello') };` }, args: ['--config', config, '--grace', '2', '--agents', agents] });
}

interface Plan {
  readonly writes?: readonly string[];
  readonly posts?: string;
  readonly ms?: number;
}

async function begin(nanos: Nanos, plan: Plan): Promise<string> {
  const answer = await nanos.control('/v1/run', 'admin', { method: 'POST', body: JSON.stringify({ manifest: 'agent.nano', goal: JSON.stringify(plan) }) });
  assert.equal(answer.status, 202, answer.text);
  return (answer.json() as RunDetail).id;
}

async function until(nanos: Nanos, id: string, holds: (run: RunDetail) => boolean): Promise<RunDetail> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await nanos.control(`/v1/runs/${id}`, 'read');
    if (answer.status === 200) {
      const run = answer.json() as RunDetail;
      if (holds(run)) return run;
    }
    await sleep(100);
  }
  return assert.fail(`The run stays as it is: ${(await nanos.control(`/v1/runs/${id}`, 'read')).text}`);
}

const waits = ({ status }: RunDetail): boolean => status === 'waiting';
const isOver = ({ status }: RunDetail): boolean => !['running', 'interrupted', 'waiting'].includes(status);

interface Decided {
  readonly status: number;
  readonly code: unknown;
  readonly run: RunDetail;
}

async function decide(nanos: Nanos, id: string, call: number | string, decision: object, query = ''): Promise<Decided> {
  const answer = await nanos.control(`/v1/runs/${id}/approvals/${call}${query}`, 'admin', { method: 'POST', body: JSON.stringify(decision) });
  return { status: answer.status, code: answer.headers['x-nanos-error'], run: answer.json() as RunDetail };
}

function written(name: string): string | undefined {
  const file = join(agents, 'out', name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function agentsStatus(nanos: Nanos): Promise<{ process: string; running: number; waiting: number }> {
  return ((await nanos.control('/v1/status', 'read')).json() as { agents: { process: string; running: number; waiting: number } }).agents;
}

/** All events of a run, as they come, until its stream ends. */
async function events(nanos: Nanos, id: string): Promise<string[]> {
  const { port, host: name } = new URL(nanos.controlUrl);
  const asking = request({ hostname: '127.0.0.1', port, path: `/v1/runs/${id}/events`, headers: { host: name, authorization: `Bearer ${await nanos.token('read')}` }, agent: false }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return [...text.matchAll(/^event: (\w+)$/gmu)].map(([, event = '']) => event);
}

test('a run waits, holds no thread, and goes on when each call is decided about', async () => {
  const id = await begin(host, { writes: ['a.txt', 'b.txt', 'c.txt'] });
  const told = events(host, id);
  const run = await until(host, id, waits);
  assert.match(run.message, /^Waits for approval: call 1, fs_write /u);
  assert.deepEqual(run.approvals.map(({ call, tool, body }) => [call, tool, body?.text]), [[1, 'fs_write', 'from a.txt'], [2, 'fs_write', 'from b.txt'], [3, 'fs_write', 'from c.txt']]);
  assert.deepEqual(run.pending, ['fs_write', 'fs_write', 'fs_write']);
  // the host hears of the rest a moment after it is on record
  let status = await agentsStatus(host);
  for (let tries = 0; tries < 100 && status.running > 0; tries++) {
    await sleep(20);
    status = await agentsStatus(host);
  }
  assert.deepEqual([status.running, status.waiting], [0, 1]);
  const metrics = (await host.control('/metrics', 'read')).text;
  assert.match(metrics, /^nanos_agent_runs_running 0$/mu);
  assert.match(metrics, /^nanos_agent_runs_waiting 1$/mu);
  assert.equal((await host.control(`/v1/runs/${id}?wait=30`, 'read')).status, 200, 'nobody waits for a person with a request');
  assert.deepEqual(((await host.control('/v1/runs?status=waiting', 'read')).json() as { runs: RunDetail[] }).runs.map((listed) => listed.id), [id]);

  assert.equal((await decide(host, id, 1, { decision: 'approve' }, '?wait=30')).run.status, 'waiting');
  assert.equal(written('a.txt'), 'from a.txt');
  assert.deepEqual(await decide(host, id, 1, { decision: 'deny' }).then(({ status, code }) => [status, code]), [409, 'approval_decided']);
  assert.deepEqual(await decide(host, id, 2, { decision: 'edit', arguments: { path: '../b.txt' } }).then(({ status, code }) => [status, code]), [422, 'edit_refused']);
  await until(host, id, waits);
  // two at once: one takes the run up, the other finds it under way
  const both = await Promise.all([decide(host, id, 2, { decision: 'edit', arguments: { path: 'out/edited.txt' }, body: 'EDITED' }), decide(host, id, 3, { decision: 'deny', reason: 'no' })]);
  assert.deepEqual(both.map(({ status }) => status), [202, 202], JSON.stringify(both));
  const over = await until(host, id, isOver);
  assert.deepEqual([over.status, over.message, over.approvals], ['done', 'ok,ok,permission_denied approve', []]);
  assert.deepEqual(['b.txt', 'edited.txt', 'c.txt'].map(written), [undefined, 'EDITED', undefined]);
  assert.deepEqual(await decide(host, id, 3, { decision: 'approve' }).then(({ status, code }) => [status, code]), [409, 'run_not_waiting']);

  const seen = await told;
  assert.deepEqual(['ask', 'decision', 'act', 'over'].map((kind) => seen.filter((event) => event === kind).length), [3, 3, 2, 1]);
  const lines = host.logs().filter((line) => line['run_id'] === id);
  assert.deepEqual(lines.filter(({ event }) => event === 'call_decided').map((line) => [line['call'], line['decision'], line['scope']]).toSorted((a, b) => Number(a[0]) - Number(b[0])), [[1, 'approve', 'admin'], [2, 'edit', 'admin'], [3, 'deny', 'admin']]);
  assert.deepEqual(lines.filter(({ event }) => event === 'agent_denied').map((line) => line['rule']), ['approve']);
  assert.ok(lines.some(({ event }) => event === 'run_waiting'));
});

test('a decision is taken while the run is under way', async () => {
  const id = await begin(host, { writes: ['live.txt'], ms: 3_000 });
  await until(host, id, ({ approvals }) => approvals.length === 1);
  const { status, run } = await decide(host, id, 1, { decision: 'approve' });
  assert.deepEqual([status, run.status], [202, 'running']);
  const over = await until(host, id, isOver);
  assert.deepEqual([over.status, over.message, written('live.txt')], ['done', 'ok', 'from live.txt']);
  assert.ok(!host.logs().some(({ event, run_id: run }) => event === 'run_waiting' && run === id));
});

test('who may only read decides about nothing, and no request names another call', async () => {
  const id = await begin(host, { writes: ['no.txt'] });
  await until(host, id, waits);
  for (const scope of ['read', 'inference'] as const) assert.equal((await host.control(`/v1/runs/${id}/approvals/1`, scope, { method: 'POST', body: '{"decision":"approve"}' })).status, 403);
  for (const call of ['0', '2', '99999999', '-1', '1.0', 'x', '%2e%2e']) assert.equal((await decide(host, id, call, { decision: 'approve' })).status, 404, call);
  for (const body of [{}, { decision: 'maybe' }, { decision: 'approve', arguments: {} }, { decision: 'edit' }, { decision: 'edit', arguments: 'text' }, { decision: 'deny', reason: 7 }]) {
    assert.equal((await decide(host, id, 1, body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await decide(host, '0'.repeat(22), 1, { decision: 'approve' })).status, 404);
  const cancelled = await host.control(`/v1/runs/${id}/cancel`, 'admin', { method: 'POST' });
  assert.equal((cancelled.json() as RunDetail).status, 'cancelled');
  assert.deepEqual([(await agentsStatus(host)).waiting, written('no.txt')], [0, undefined]);
});

test('the operator’s tools wait as well, and an effect that was begun is not repeated', async () => {
  const server = await countRequests({ after });
  const id = await begin(host, { posts: server.url });
  const run = await until(host, id, waits);
  assert.deepEqual(run.approvals.map(({ tool }) => tool), ['web_fetch']);
  assert.equal(server.count, 0);
  await decide(host, id, 1, { decision: 'approve' });
  while (server.count === 0) await sleep(20);
  process.kill(host.pidOf('agents'), 'SIGKILL');
  const over = await until(host, id, isOver);
  assert.deepEqual([over.status, server.count], ['uncertain', 1]);
  assert.match(over.message, /web_fetch/u);
});

test('a run waits through kill -9 of the process of agents', async () => {
  const id = await begin(host, { writes: ['killed.txt'] });
  await until(host, id, waits);
  process.kill(host.pidOf('agents'), 'SIGKILL');
  const run = await until(host, id, waits);
  assert.equal(run.approvals.length, 1);
  assert.equal((await decide(host, id, 1, { decision: 'approve' }, '?wait=30')).run.message, 'ok');
  assert.equal(written('killed.txt'), 'from killed.txt');
});

test('a run waits from one host to the next, which starts nothing for it; what was decided before is done once', async () => {
  const root = await temporaryFolder({ after });
  const first = await start(root);
  const [waiting, decided] = [await begin(first, { writes: ['later.txt'] }), await begin(first, { writes: ['decided.txt'] })];
  for (const id of [waiting, decided]) await until(first, id, waits);
  await first.stop();

  const second = await start(root);
  assert.deepEqual(second.pids('agents'), []);
  assert.deepEqual(await agentsStatus(second).then(({ process: state, running, waiting: count }) => [state, running, count]), ['none', 0, 2]);
  await second.stop();

  // the host dies when it has just put the decision on record
  const hosted = join(first.dataFolder, 'agents', `${decided}.json`);
  writeFileSync(hosted, JSON.stringify({ ...(JSON.parse(readFileSync(hosted, 'utf8')) as object), waiting: false }));
  const nothing = (): Promise<never> => Promise.reject(new NanosError('internal', 'Not to be opened'));
  const handlers = createHandlers({ openEgress: nothing, openModel: nothing, dataDir: first.dataFolder });
  const operator = { egress: { hosts: undefined, privateRanges: [] }, withheldPaths: [], readOnlyPaths: [] };
  const file = join(first.dataFolder, 'runs', `${decided}.sqlite`);
  recordDecision(file, { call: 1, request: { decision: 'approve' }, by: 'control_api', decidedMs: 1 }, { handlers, operator, mask: { text: (text) => text, bytes: (bytes) => bytes } });

  const third = await start(root);
  assert.equal((await until(third, decided, isOver)).message, 'ok');
  assert.equal(written('decided.txt'), 'from decided.txt');
  const [command, answered] = [['approve', waiting, '--deny', 'not now', '--json', '--data', first.dataFolder], await runNanos(['approve', waiting, '--no-resume', '--data', first.dataFolder])];
  assert.equal(answered.code, 2, answered.stderr);
  const { code, stdout, stderr } = await runNanos([...command, '--url', third.controlUrl]);
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { decision: string }).decision, 'deny');
  assert.equal((await until(third, waiting, isOver)).message, 'permission_denied approve');
  const reader = JournalReader.open(join(first.dataFolder, 'runs', `${waiting}.sqlite`));
  after(() => reader.close());
  reader.verify();
  for (const id of [waiting, decided]) assert.equal((await runNanos(['replay', id, '--data', first.dataFolder])).code, 0);
});

test('a run of nanos run is not the host’s to decide about', async () => {
  const { stdout } = await runNanos(['run', join(agents, 'agent.nano'), '--goal', '{"writes":["typed.txt"]}', '--json', '--data', host.dataFolder]);
  const { run: id } = JSON.parse(stdout) as { run: string };
  assert.deepEqual(await decide(host, id, 1, { decision: 'approve' }).then(({ status, code }) => [status, code]), [403, 'forbidden']);
  const { code, stderr } = await runNanos(['approve', id, '--data', host.dataFolder]);
  assert.equal(code, 0, stderr);
  assert.equal(written('typed.txt'), 'from typed.txt');
});
