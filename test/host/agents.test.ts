/** Agents in a host, as whoever speaks its control API meets them: real agents, real HTTP, real processes that die. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileAgent } from '../../src/agents/compile/compile-agent.ts';
import { agentModule, GuestText } from '../../src/agents/run/test-agent.ts';
import type { RunDetail, RunPage } from '../../src/protocol/agent/control.ts';
import { httpRequest, type Answer } from '../support/http-request.ts';
import { runNanos } from '../support/run-nanos.ts';
import { countRequests } from '../support/count-requests.ts';
import { startNanos, temporaryFolder, type Nanos } from '../support/start-nanos.ts';

/** Does what its goal says. */
const AGENT = `
import { agent, fs, web } from 'nanos/agent';
export async function run() {
  const plan = JSON.parse(await agent.getGoal());
  while (plan.spins) plan.count = (plan.count ?? 0) + 1;
  let read = '';
  for (let step = 0; step < (plan.steps ?? 0); step++) {
    read = await fs.readFile('in.txt');
    console.log('step ' + step);
    await new Promise((resolve) => setTimeout(resolve, plan.ms));
  }
  for (const path of plan.tells ?? []) console.log(read = await fs.readFile(path));
  for (const path of plan.tries ?? []) await fs.readFile(path).catch((error) => console.log(error.name + ' ' + error.code));
  if (plan.posts) read = await (await web.fetch(plan.posts, { method: 'POST', body: 'once' })).text();
  if (plan.writes) await fs.writeFile('out/' + plan.writes, read);
  if (plan.overwrites) read = String(await Promise.all(plan.overwrites.map((path) => fs.writeFile(path, 'OVER').then(() => 'written', (error) => error.code === 'permission_denied' ? 'denied' : error.code))));
  if (plan.throws) throw new Error(plan.throws);
  await agent.done('read ' + read);
}
`;
const MANIFEST = 'name: doer\nbinary: agent.wasm\npermissions: { fs_read: [in.txt, leak.txt], fs_write: ["out/**"], network: true }\n';
const SECRET = 'hunter2-of-the-operator';
const CONFIG = 'limits: { cpu_ms: 1000 }\nsecrets: [NANOS_TEST_SECRET]\nagents: { egress: { private: [loopback] }, limits_max: { fuel_per_resume: 300000000, memory: 64MB } }\n';

const folder = await temporaryFolder({ after });
const agents = join(folder, 'agents');
const config = join(folder, 'host.yaml');
await makeAgents();
const host = await start(await temporaryFolder({ after }));

async function makeAgents(): Promise<void> {
  for (const name of ['doer', 'open']) mkdirSync(join(agents, name), { recursive: true });
  writeFileSync(join(folder, 'agent.ts'), AGENT);
  writeFileSync(join(agents, 'doer/agent.wasm'), (await compileAgent(join(folder, 'agent.ts'))).wasm);
  writeFileSync(join(agents, 'doer/in.txt'), 'IN');
  writeFileSync(join(agents, 'doer/leak.txt'), `the key is ${SECRET}`);
  writeFileSync(join(agents, 'doer/agent.nano'), MANIFEST);
  writeFileSync(join(agents, 'doer/greedy.nano'), `${MANIFEST}resources: { memory: 128MB, fuel_per_resume: 1T }\nmcp_servers: [{ name: shell, command: sh }]\n`);
  writeFileSync(join(agents, 'doer/wrong.nano'), `${MANIFEST}permisions: {}\n`);
  writeFileSync(join(folder, 'outside.nano'), MANIFEST);
  symlinkSync('../outside.nano', join(agents, 'linked.nano'));
  symlinkSync('..', join(agents, 'up'));
  writeFileSync(config, CONFIG);
}

function start(root: string, args: readonly string[] = ['--agents', agents]): Promise<Nanos> {
  return startNanos({ after }, { root, files: { 'hello/index.js': `export default { fetch: () => new Response('hello') };` }, args: ['--config', config, '--grace', '2', ...args], environment: { NANOS_TEST_SECRET: SECRET } });
}

interface Plan {
  readonly spins?: boolean;
  readonly steps?: number;
  readonly ms?: number;
  readonly tells?: readonly string[];
  readonly tries?: readonly string[];
  readonly posts?: string;
  readonly writes?: string;
  readonly throws?: string;
  readonly overwrites?: readonly string[];
}

async function begin(nanos: Nanos, plan: Plan, manifest = 'doer/agent.nano'): Promise<string> {
  const answer = await nanos.control('/v1/run', 'admin', { method: 'POST', body: JSON.stringify({ manifest, goal: JSON.stringify(plan) }) });
  assert.equal(answer.status, 202, answer.text);
  const { id } = answer.json() as RunDetail;
  assert.equal(answer.headers.location, `/v1/runs/${id}`);
  return id;
}

async function look(nanos: Nanos, id: string, query = ''): Promise<RunDetail> {
  const answer = await nanos.control(`/v1/runs/${id}${query}`, 'read');
  assert.equal(answer.status, 200, answer.text);
  return answer.json() as RunDetail;
}

async function until(nanos: Nanos, id: string, holds: (run: RunDetail) => boolean): Promise<RunDetail> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await nanos.control(`/v1/runs/${id}`, 'read');
    // while the process is replaced, nobody answers
    if (answer.status === 200) {
      const run = answer.json() as RunDetail;
      if (holds(run)) return run;
    }
    await sleep(100);
  }
  return assert.fail(`The run stays as it is: ${JSON.stringify(await look(nanos, id))}`);
}

const isOver = ({ status }: RunDetail): boolean => status !== 'running' && status !== 'interrupted';

function agentsPid(nanos: Nanos): number {
  assert.equal(nanos.pids('agents').length, 1);
  return nanos.pidOf('agents');
}

function anonymous(options: Parameters<typeof httpRequest>[0]): Promise<Answer> {
  return httpRequest({ port: Number(new URL(host.controlUrl).port), ...options });
}

interface SentEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads events until the connection ends, or `enough` says so; then it is cut. */
async function events(nanos: Nanos, id: string, { headers = {}, enough = () => false }: { headers?: Record<string, string>; enough?: (seen: readonly SentEvent[]) => boolean } = {}): Promise<SentEvent[]> {
  const { port, host: name } = new URL(nanos.controlUrl);
  const asking = request({ hostname: '127.0.0.1', port, path: `/v1/runs/${id}/events`, headers: { host: name, authorization: `Bearer ${await nanos.token('read')}`, ...headers }, agent: false }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/);
  const seen: SentEvent[] = [];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    seen.push(...blocks.filter((block) => !block.startsWith(':')).map(toEvent));
    if (enough(seen)) {
      asking.destroy();
      break;
    }
  }
  return seen;
}

function toEvent(block: string): SentEvent {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? '') as Record<string, unknown> };
}

test('no process of agents is there before one is needed', async () => {
  assert.deepEqual(host.pids('agents'), []);
  const { agents: status } = (await host.control('/v1/status', 'read')).json() as { agents: object };
  assert.deepEqual(status, { configured: true, process: 'none', threads: 0, running: 0, waiting: 0, memory_bytes: 0 });
});

test('a run goes to its end, and is on record', async () => {
  const id = await begin(host, { steps: 2, ms: 1, writes: 'copy.txt', tries: ['../outside.nano', '/etc/passwd'] });
  const run = await look(host, id, '?wait=30');
  assert.equal(run.status, 'done');
  assert.equal(run.message, 'read IN');
  assert.equal(run.steps, 5);
  assert.equal(run.agent, 'doer');
  assert.deepEqual(run.pending, []);
  assert.ok(Number(run.fuel) > 0);
  assert.equal(readFileSync(join(agents, 'doer/out/copy.txt'), 'utf8'), 'IN');
  const { runs } = (await host.control('/v1/runs', 'read')).json() as RunPage;
  assert.deepEqual(runs.map((listed) => listed.id), [id]);
  await host.waitForLog((line) => line.event === 'run_over' && line['run_id'] === id);
  const said = host.logs().filter((line) => line['run_id'] === id);
  assert.deepEqual(said.map(({ event, message }) => [event, message]), [
    ['run_started', undefined],
    ['console', 'step 0'],
    ['console', 'step 1'],
    ['agent_denied', 'fs_read "../outside.nano"'],
    ['console', 'PermissionDenied permission_denied'],
    ['agent_denied', 'fs_read "/etc/passwd"'],
    ['console', 'PermissionDenied permission_denied'],
    ['run_over', 'read IN'],
  ]);
  assert.ok(said.every((line) => line['agent'] === 'doer'));
});

test('the client may wait for the end with its request', async () => {
  const answer = await host.control('/v1/run?wait', 'admin', { method: 'POST', body: JSON.stringify({ manifest: 'doer/agent.nano', goal: '{"throws":"no \\"luck\\""}' }) });
  const run = answer.json() as RunDetail;
  assert.deepEqual([answer.status, run.status], [200, 'agent_threw']);
  assert.match(run.message, /^Uncaught Error: no "luck"\n +at run \(.*agent\.ts:\d+:\d+\)/);
});

test('events come while they happen, and again from where a client was cut off', async () => {
  const id = await begin(host, { steps: 6, ms: 150 });
  const first = await events(host, id, { enough: (seen) => seen.length >= 5 });
  assert.equal((await look(host, id)).status, 'running');
  const last = first.at(-1)?.id ?? '';
  const rest = await events(host, id, { headers: { 'last-event-id': last } });
  const all = [...first, ...rest];
  const over = all.pop();
  assert.equal(over?.event, 'over');
  assert.equal(over?.data['status'], 'done');
  assert.deepEqual(all.map((event) => Number(event.id)), all.map((_, n) => n));
  assert.deepEqual([all[0]?.event, all.at(-1)?.event], ['run', 'end']);
  assert.equal(all.filter(({ event, data }) => event === 'reply' && (data['head'] as { step?: number }).step !== undefined).length, 6);
  const again = await host.control(`/v1/runs/${id}/events`, 'read', { headers: { 'last-event-id': all.at(-1)?.id } });
  assert.deepEqual([again.status, again.text], [204, '']);
});

test('a run is cancelled', async () => {
  const id = await begin(host, { steps: 1, ms: 60_000 });
  assert.equal((await host.control(`/v1/runs/${id}/cancel`, 'admin', { method: 'POST' })).status, 200);
  const run = await look(host, id, '?wait=30');
  assert.equal(run.status, 'cancelled');
  const again = await host.control(`/v1/runs/${id}/cancel`, 'admin', { method: 'POST' });
  assert.equal((again.json() as RunDetail).status, 'cancelled');
});

test('a fork goes another way from an edited result on, and its parent stays', async () => {
  const id = await begin(host, { steps: 1, ms: 1 });
  await look(host, id, '?wait=30');
  const answer = await host.control(`/v1/runs/${id}/fork?wait`, 'admin', { method: 'POST', body: JSON.stringify({ step: 1, edit: 'EDITED' }) });
  const fork = answer.json() as RunDetail;
  assert.deepEqual([answer.status, fork.status, fork.message, fork.fork], [200, 'done', 'read EDITED', { run: id, step: 1 }]);
  assert.equal((await look(host, id)).message, 'read IN');
  const missing = await host.control(`/v1/runs/${id}/fork`, 'admin', { method: 'POST', body: JSON.stringify({ step: 99 }) });
  assert.equal(missing.status, 404);
});

test('no agent changes a manifest in its folder, in a fork neither', async () => {
  writeFileSync(join(agents, 'open/agent.wasm'), readFileSync(join(agents, 'doer/agent.wasm')));
  const manifest = 'name: opener\nbinary: agent.wasm\npermissions: { fs_read: [in.txt], fs_write: ["**"] }\n';
  for (const name of ['agent.nano', 'other.nano', 'in.txt']) writeFileSync(join(agents, 'open', name), manifest);
  chmodSync(join(agents, 'open/in.txt'), 0o664);
  const plan = { steps: 1, ms: 1, overwrites: ['agent.nano', 'other.nano', 'agent.wasm', 'in.txt'] };
  const id = await begin(host, plan, 'open/agent.nano');
  assert.equal((await look(host, id, '?wait=30')).message, 'read denied,denied,denied,written');
  const fork = await host.control(`/v1/runs/${id}/fork?wait`, 'admin', { method: 'POST', body: '{"step":1}' });
  assert.equal((fork.json() as RunDetail).message, 'read denied,denied,denied,written');
  assert.equal(statSync(join(agents, 'open/in.txt')).mode & 0o777, 0o664);
  for (const name of ['agent.nano', 'other.nano']) assert.equal(readFileSync(join(agents, 'open', name), 'utf8'), manifest);
});

test('a run of somebody else’s folder is shown, and never gone on with', async () => {
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  for (const name of ['agent.wasm', 'agent.nano', 'in.txt']) writeFileSync(join(elsewhere, name), readFileSync(join(agents, 'doer', name)));
  const { code, stdout } = await runNanos(['run', join(elsewhere, 'agent.nano'), '--goal', '{"steps":1,"ms":1}', '--json', '--data', host.dataFolder]);
  assert.equal(code, 0);
  const { run: id } = JSON.parse(stdout) as { run: string };
  assert.equal((await look(host, id)).status, 'done');
  const answer = await host.control(`/v1/runs/${id}/fork`, 'admin', { method: 'POST', body: '{"step":1}' });
  assert.deepEqual([answer.status, answer.headers['x-nanos-error']], [403, 'forbidden']);
});

test('a runaway ends by its fuel, and a neighbour’s run goes on meanwhile', async () => {
  const runaway = await begin(host, { spins: true });
  const neighbours = await Promise.all([begin(host, { steps: 3, ms: 10 }), begin(host, { steps: 3, ms: 10 })]);
  for (const id of neighbours) assert.equal((await until(host, id, isOver)).status, 'done');
  const run = await until(host, runaway, isOver);
  assert.equal(run.status, 'fuel_limit');
  assert.match(run.message, /fuel/);
});

test('a secret of the operator that an agent comes upon is told to nobody', async () => {
  const id = await begin(host, { tells: ['leak.txt'] });
  const run = await look(host, id, '?wait=30');
  assert.equal(run.message, 'read the key is [secret]');
  await host.waitForLog((line) => line.event === 'run_over' && line['run_id'] === id);
  assert.ok(host.logs().some(({ message }) => message === 'the key is [secret]'));
  const told = [...host.logs(), ...(await events(host, id))].map((line) => JSON.stringify(line)).join('\n');
  assert.ok(!told.includes(SECRET));
  assert.ok(!told.includes(Buffer.from(SECRET).toString('base64').slice(0, -4)));
});

test('an agent that calls itself without end is stopped in its thread, and the thread goes on', async () => {
  const text = new GuestText();
  const more = '(func $f (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))';
  mkdirSync(join(agents, 'deep'));
  writeFileSync(join(agents, 'deep/agent.wasm'), agentModule(text, { start: '(drop (call $f (i32.const 0)))', more }));
  writeFileSync(join(agents, 'deep/agent.nano'), 'name: deep\nbinary: agent.wasm\npermissions: {}\n');
  const pid = agentsPid(host);
  const id = await begin(host, {}, 'deep/agent.nano');
  assert.equal((await until(host, id, isOver)).status, 'depth_limit');
  assert.equal(agentsPid(host), pid);
  assert.ok(!host.logs().some(({ event }) => event === 'agents_thread_died'));
});

test('what a manifest asks past the operator’s limits is cut, and said', async () => {
  const id = await begin(host, { spins: true }, 'doer/greedy.nano');
  assert.equal((await until(host, id, isOver)).status, 'fuel_limit');
  const cut = host.logs().filter(({ event }) => event === 'agent_cut').map(({ message }) => message ?? '');
  assert.equal(cut.length, 3);
  assert.ok(cut.some((message) => message.includes('from 134217728 to 67108864')));
  assert.ok(cut.some((message) => message.includes('mcp_servers.shell is left out')));
});

test('the list goes page by page, and by status', async () => {
  const listed: string[] = [];
  for (let path: string | undefined = '/v1/runs?limit=2'; path !== undefined; ) {
    const { runs, next } = (await host.control(path, 'read')).json() as RunPage;
    assert.ok(runs.length <= 2);
    listed.push(...runs.map(({ id }) => id));
    path = next === undefined ? undefined : `/v1/runs?limit=2&before=${next}`;
  }
  const { runs } = (await host.control('/v1/runs?limit=200', 'read')).json() as RunPage;
  assert.ok(runs.length > 4);
  assert.deepEqual(listed, runs.map(({ id }) => id));
  assert.deepEqual(listed, listed.toSorted().toReversed());
  const cancelled = (await host.control('/v1/runs?status=cancelled', 'read')).json() as RunPage;
  assert.deepEqual(cancelled.runs.map(({ status }) => status), ['cancelled']);
});

test('no request leads out of the folder of agents, and no request is a command', async () => {
  const outside = ['../outside.nano', join(folder, 'outside.nano'), 'linked.nano', 'up/outside.nano', 'doer/../../outside.nano', 'doer\\agent.nano', '..\\outside.nano', 'outside.nano\0', './doer/agent.nano'];
  const names = ['%2e%2e/outside.nano', '..%2foutside.nano', '%2e%2e%2foutside.nano'];
  for (const manifest of [...outside, ...names]) {
    const answer = await host.control('/v1/run', 'admin', { method: 'POST', body: JSON.stringify({ manifest }) });
    assert.deepEqual([answer.status, answer.headers['x-nanos-error']], names.includes(manifest) ? [404, 'not_found'] : [400, 'path_escape'], `${manifest}: ${answer.text}`);
    assert.ok(!answer.text.includes(folder));
  }
  for (const body of ['', '{}', '[]', '{"manifest":7}', '{"manifest":"doer/agent.nano","command":"sh"}', '{"manifest":"doer/agent.wasm"}', '{"manifest":"doer/agent.nano","goal":{}}']) {
    assert.equal((await host.control('/v1/run', 'admin', { method: 'POST', body })).status, 400, body);
  }
  for (const id of ['..%2f..%2ftokens.json', '%2e%2e', 'last', '01', '%00', '..%5c', 'a'.repeat(22), `${'0'.repeat(22)}%2f`]) {
    assert.equal((await host.control(`/v1/runs/${id}`, 'read')).status, 404, id);
    assert.equal((await host.control(`/v1/runs/${id}/events`, 'read')).status, 404, id);
    for (const action of ['cancel', 'fork']) assert.equal((await host.control(`/v1/runs/${id}/${action}`, 'admin', { method: 'POST', body: '{"step":0}' })).status, 404, id);
  }
});

test('a manifest that can’t be used says why', async () => {
  const answer = await host.control('/v1/run', 'admin', { method: 'POST', body: '{"manifest":"doer/wrong.nano"}' });
  const { error } = answer.json() as { error: { code: string; message: string; position: { line: number } } };
  assert.deepEqual([answer.status, error.code, error.position.line], [400, 'config_invalid', 4]);
  assert.match(error.message, /permissions/);
});

test('who may read may not start, fork or cancel', async () => {
  const id = await begin(host, { steps: 1, ms: 1 });
  for (const [path, body] of [['/v1/run', '{"manifest":"doer/agent.nano"}'], [`/v1/runs/${id}/fork`, '{"step":0}'], [`/v1/runs/${id}/cancel`, '']] as const) {
    for (const scope of ['read', 'inference'] as const) assert.equal((await host.control(path, scope, { method: 'POST', body })).status, 403, path);
    assert.equal((await anonymous({ path, method: 'POST', body })).status, 401, path);
  }
  for (const path of ['/v1/runs', `/v1/runs/${id}`, `/v1/runs/${id}/events`, '/v1/status']) {
    assert.equal((await host.control(path, 'inference')).status, 403, path);
    assert.equal((await anonymous({ path })).status, 401, path);
  }
});

test('metrics and status count runs', async () => {
  const { text } = await host.control('/metrics', 'read');
  assert.match(text, /^nanos_agent_runs_total\{agent="doer",end="done"\} \d+$/m);
  assert.match(text, /^nanos_agent_runs_total\{agent="doer",end="fuel_limit"\} 2$/m);
  assert.match(text, /^nanos_agent_runs_running 0$/m);
  assert.match(text, /^nanos_cells 1$/m);
  const status = (await host.control('/v1/status', 'read')).json() as { version: string; apps: object; cells: number; agents: { process: string; running: number } };
  assert.deepEqual([status.cells, status.agents.process, status.agents.running], [1, 'running', 0]);
  assert.deepEqual(status.apps, { building: 0, ready: 1, failed: 0, quarantined: 0 });
});

test('a process of agents that is killed is followed by another, and its runs go on', async () => {
  const from = host.logs().length;
  const ids = await Promise.all([begin(host, { steps: 8, ms: 100, writes: 'killed.txt' }), begin(host, { steps: 8, ms: 100 })]);
  for (const id of ids) await until(host, id, ({ steps }) => steps >= 2);
  const live = events(host, ids[0] ?? '');
  const victim = agentsPid(host);
  process.kill(victim, 'SIGKILL');
  for (const id of ids) {
    const run = await until(host, id, isOver);
    assert.deepEqual([run.status, run.message], ['done', 'read IN']);
  }
  assert.equal((await look(host, ids[0] ?? '')).steps, 9);
  assert.notEqual(agentsPid(host), victim);
  assert.ok(host.logs().slice(from).some((line) => line.event === 'agents_died' && line['pid'] === victim));
  assert.equal(host.logs().slice(from).filter(({ event }) => event === 'run_resumed').length, 2);
  const seen = await live;
  assert.equal(seen.pop()?.event, 'over');
  assert.deepEqual(seen.map((event) => Number(event.id)), seen.map((_, n) => n));
});

test('a process of agents that hangs is replaced, and its runs go on', async () => {
  const from = host.logs().length;
  const id = await begin(host, { steps: 4, ms: 300 });
  await until(host, id, ({ steps }) => steps >= 1);
  const victim = agentsPid(host);
  process.kill(victim, 'SIGSTOP');
  assert.equal((await host.request('hello')).text, 'hello');
  const replaced = await host.waitForLog(({ event }) => event === 'agents_replaced', from);
  assert.equal(replaced['pid'], victim);
  assert.equal((await until(host, id, isOver)).status, 'done');
  assert.notEqual(agentsPid(host), victim);
});

test('an effect that may have happened is not repeated: the run stops and says so', async () => {
  const server = await countRequests({ after });
  const id = await begin(host, { posts: server.url });
  while (server.count === 0) await sleep(20);
  process.kill(agentsPid(host), 'SIGKILL');
  const run = await until(host, id, isOver);
  assert.equal(run.status, 'uncertain');
  assert.match(run.message, /web_fetch/);
  assert.equal(server.count, 1);
  const seen = await events(host, id);
  assert.deepEqual([seen.at(-1)?.event, seen.at(-1)?.data['status']], ['over', 'uncertain']);
  const cancelled = await host.control(`/v1/runs/${id}/cancel`, 'admin', { method: 'POST' });
  assert.equal((cancelled.json() as RunDetail).status, 'cancelled');
});

test('a host that is stopped lets runs rest, with no effect in flight, and the next one goes on with them', async () => {
  const server = await countRequests({ after }, (_request, response) => void setTimeout(() => response.end('POSTED'), 500));
  const root = await temporaryFolder({ after });
  const first = await start(root);
  const posting = await begin(first, { posts: server.url });
  const waiting = await begin(first, { steps: 2, ms: 1_500 });
  await until(first, waiting, ({ steps }) => steps >= 1);
  while (server.count === 0) await sleep(20);
  assert.deepEqual(await first.stop(), { code: 0, signal: null });
  assert.ok(first.logs().some((line) => line.event === 'run_suspended' && line['run_id'] === waiting));
  const second = await start(root);
  for (const [id, message] of [[posting, 'read POSTED'], [waiting, 'read IN']] as const) {
    const run = await until(second, id, isOver);
    assert.deepEqual([run.status, run.message], ['done', message]);
  }
  assert.equal(server.count, 1);
});

test('a host without a folder of agents shows what is on record, and starts nothing', async () => {
  const bare = await start(await temporaryFolder({ after }), []);
  const answer = await bare.control('/v1/run', 'admin', { method: 'POST', body: '{"manifest":"doer/agent.nano"}' });
  assert.deepEqual([answer.status, answer.headers['x-nanos-error']], [501, 'agents_not_configured']);
  assert.match(answer.text, /--agents DIR/);
  assert.deepEqual((await bare.control('/v1/runs', 'read')).json(), { runs: [] });
});

test('a folder of agents that is not there is said at the start', async () => {
  const root = await temporaryFolder({ after });
  await assert.rejects(start(root, ['--agents', join(root, 'none')]), /folder of agents .* does not exist/);
});

test('the process of agents may read and write its folders only', () => {
  const flags = readFileSync(`/proc/${agentsPid(host)}/cmdline`, 'utf8').split('\0');
  const environment = readFileSync(`/proc/${agentsPid(host)}/environ`, 'utf8').split('\0').map((entry) => entry.split('=')[0] ?? '');
  assert.ok(flags.includes('--permission'));
  const writes = flags.filter((flag) => flag.startsWith('--allow-fs-write=')).map((flag) => flag.slice('--allow-fs-write='.length));
  assert.deepEqual(writes, [...['runs', 'modules', 'agents', 'memory'].map((name) => join(host.dataFolder, name)), agents, '/proc/self/fd/']);
  assert.ok(!flags.some((flag) => /^--allow-(?:child-process|addons|wasi)/.test(flag)));
  assert.deepEqual(environment.filter((name) => name !== '' && !name.startsWith('NODE_CHANNEL')).toSorted(), ['LANG', 'TZ']);
});
