import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it, type TestContext } from 'node:test';
import { JournalReader } from '../../recording/journal-reader.ts';
import { SEED } from '../../util/test-properties.ts';
import type { AgentRun } from './agent-run.ts';
import type { UncertainRule } from './continue-run.ts';
import { editedReply } from './edited-reply.ts';
import { replayRun } from './replay-run.ts';
import { resumeRun } from './resume-run.ts';
import { compileTestAgent } from './test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testModule, type TestFolder } from './test-environment.ts';

const EFFECTS = 5;
const KILLS = 50;

/** Effects one after another, each after reading and writing a file, with a timer in between. */
const WORKER = `
  const url = await agent.getGoal();
  const said: string[] = [];
  for (let i = 0; i < ${EFFECTS}; i++) {
    const input = await fs.readFile('in.txt');
    const response = await web.fetch(url + i, { method: 'POST', body: input });
    said.push(await response.text());
    await fs.writeFile('out/' + i + '.txt', input);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await agent.done(said.join());
`;

/** Counts effects. */
class Counter {
  readonly counts = new Map<string, number>();
  readonly server: Server;
  /** A request has come, or has taken effect and is not answered. Resolves to false when it is to be dropped. */
  onRequest: (path: string, moment: 'before' | 'after') => Promise<boolean> = () => Promise.resolve(true);
  #busy = 0;

  constructor() {
    this.server = createServer((request, response) => {
      this.#busy++;
      request.resume().on('end', () => void this.#take(request.url ?? '', response).finally(() => this.#busy--));
    });
  }

  async #take(path: string, response: ServerResponse): Promise<void> {
    if (!(await this.onRequest(path, 'before'))) {
      response.destroy();
      return;
    }
    this.counts.set(path, (this.counts.get(path) ?? 0) + 1);
    await this.onRequest(path, 'after');
    response.end('ok');
  }

  /** Whatever a process that is dead had sent has taken effect. */
  async settled(): Promise<void> {
    do await sleep(30);
    while (this.#busy > 0);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
}

/** Park and Miller's generator: the same seed gives the same instants. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('resumeRun', () => {
  const counter = new Counter();
  let module: Uint8Array;

  before(async () => {
    module = await compileTestAgent(WORKER);
    counter.server.listen(0, '127.0.0.1');
    await once(counter.server, 'listening');
  });
  after(() => {
    counter.server.closeAllConnections();
    counter.server.close();
  });

  function prepare(t: TestContext): TestFolder & { file: string } {
    const place = testFolder(t);
    mkdirSync(join(place.folder, 'out'));
    writeFileSync(join(place.folder, 'in.txt'), 'input');
    const file = join(place.folder, 'given.wasm');
    writeFileSync(file, module);
    counter.counts.clear();
    counter.onRequest = () => Promise.resolve(true);
    return { ...place, file };
  }

  function startVictim(place: TestFolder & { file: string }): ChildProcess {
    const flags = ['--no-node-snapshot', '--stack-size=3900', '--disable-warning=ExperimentalWarning'];
    const args = [...flags, '-e', "import('./test-victim.ts')", place.folder, place.file, String(counter.port)];
    return spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] });
  }

  async function resume(place: TestFolder, file: string, uncertain: UncertainRule): ReturnType<AgentRun['run']> {
    const operator = { egress: { hosts: undefined, privateRanges: ['127.0.0.0/8'] }, withheldPaths: [], readOnlyPaths: [] };
    return resumeRun(file, await testModule(place, module), uncertain, testEnvironment(place, { operator }));
  }

  async function checkReplay(place: TestFolder, file: string): Promise<void> {
    const reader = JournalReader.open(file);
    try {
      reader.verify();
      assert.equal((await replayRun(reader, await testModule(place, module))).end, 'done');
    } finally {
      reader.close();
    }
  }

  /** Runs a victim, and kills it at an instant. Gives the file of its journal; undefined when it was done before. */
  async function killed(place: TestFolder & { file: string }, random: () => number): Promise<string | undefined> {
    const victim = startVictim(place);
    const exited = once(victim, 'exit');
    const effect = `/effect${Math.floor(random() * EFFECTS)}`;
    const [kind, delayMs] = [random(), random() * 700];
    const moment = kind < 0.3 ? 'before' : 'after';
    if (kind < 0.6) {
      counter.onRequest = async (path, when) => {
        if (path !== effect || when !== moment || victim.killed) return true;
        victim.kill('SIGKILL');
        await exited;
        return false;
      };
    }
    const [file] = (await once(createInterface({ input: victim.stdout ?? process.stdin }), 'line')) as [string];
    const timer = kind < 0.6 ? undefined : setTimeout(() => victim.kill('SIGKILL'), delayMs);
    await exited;
    clearTimeout(timer);
    await counter.settled();
    counter.onRequest = () => Promise.resolve(true);
    return victim.exitCode === 0 || entriesOf(file).at(-1)?.kind === 'end' ? undefined : file;
  }

  /** Goes on with a run as a person would who can look at the counter. Returns whether that one was asked. */
  async function finish(place: TestFolder, file: string): Promise<boolean> {
    const before = new Map(counter.counts);
    let result = await resume(place, file, { kind: 'stop' });
    const asked = result.end === 'uncertain';
    if (asked) {
      assert.deepEqual(counter.counts, before, 'something happened before anybody had decided');
      const happened = counter.counts.has(`/${/effect\d/u.exec(result.message)?.[0]}`);
      result = await resume(place, file, happened ? { kind: 'skip', reply: editedReply({ head: { status: 200, url: '', headers: [] }, body: 'ok' }) } : { kind: 'retry' });
    }
    assert.equal(result.end, 'done', result.message);
    assert.equal(result.message, Array.from({ length: EFFECTS }, () => 'ok').join());
    await checkReplay(place, file);
    return asked;
  }

  it(`goes on after kill -9 at ${KILLS} instants, and no effect happens twice`, async (t) => {
    const random = randomFrom(SEED);
    let asked = 0;
    for (let i = 0; i < KILLS; i++) {
      const place = prepare(t);
      const file = await killed(place, random);
      if (file !== undefined && (await finish(place, file))) asked++;
      const once = Array.from({ length: EFFECTS }, (_, n) => [`/effect${n}`, 1]);
      assert.deepEqual(Object.fromEntries(counter.counts), Object.fromEntries(once), `instant ${i} of seed ${SEED}`);
    }
    t.diagnostic(`${asked} times somebody had to decide`);
    assert.ok(asked > 0);
  });
});
