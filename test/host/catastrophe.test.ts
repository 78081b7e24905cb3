/** Apps that cost a cell, beside one that is asked all the time: what fails, who pays, and for how long. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConstantLoad } from '../support/constant-load.ts';
import type { Answer } from '../support/http-request.ts';
import { startNanos, temporaryFolder, writeFiles, type LogLine, type Nanos } from '../support/start-nanos.ts';

const linux = { skip: existsSync('/proc/self/environ') ? false : 'needs /proc' };

function killer(body: string): string {
  return `export default { async fetch(request) { if (new URL(request.url).pathname !== '/kill') return new Response('fine'); ${body} } };`;
}

/** V8 loses the isolate's thread: parked for ever, or not to be stopped. */
const PARKS = killer('new Array(2 ** 32 - 2).fill(0);');
const NEVER_STOPS = killer('let x = 2n ** 100000n; for (;;) x = x * x;');
/** isolated-vm reads what a promise was rejected with when the entry is over, one property after another, and V8 ends only the first loop there. */
const REJECTS = killer('const loop = { get() { for (;;); } }; Promise.reject(Object.defineProperties(new Error(), { message: loop, stack: loop })); await new Promise(() => {});');
/** A size check of V8 ends the process (SIGTRAP). */
const CHECK = killer(`return new Response(String('a'.repeat(2 ** 28).split('').sort().length));`);
const SPINS = killer(`console.log('spins'); await new Promise((resolve) => setTimeout(resolve, 1)); for (;;);`);

const STEADY = `export default { async fetch() { await new Promise((resolve) => setTimeout(resolve, 2)); return new Response('steady'); } };`;
const SLOW = `export default { async fetch() { console.log('inside'); await new Promise((resolve) => setTimeout(resolve, 1_500)); return new Response('slow'); } };`;

const FILES = { 'parks/index.js': PARKS, 'never-stops/index.js': NEVER_STOPS, 'rejects/index.js': REJECTS, 'check/index.js': CHECK, 'spins/index.js': SPINS, 'steady/index.js': STEADY, 'slow/index.js': SLOW };

async function start(t: TestContext, cells: number): Promise<Nanos> {
  const root = await temporaryFolder(t);
  await writeFiles(root, { 'nanos.yaml': 'limits: { cpu_ms: 1000 }\ntenants:\n  spins: { limits: { cpu_ms: 60000 } }\n' });
  return startNanos(t, { root, files: FILES, args: ['--cells', `${cells}`, '--config', join(root, 'nanos.yaml')] });
}

/** The answer, or undefined when the connection was cut. */
async function kill(nanos: Nanos, app: string): Promise<Answer | undefined> {
  return nanos.request(app, '/kill').catch(() => undefined);
}

describe('an isolate’s thread is lost', () => {
  for (const cells of [1, 2, 3]) {
    test(`with --cells ${cells} no request of others fails, and those that are under way are finished`, linux, async (t) => {
      const nanos = await start(t, cells);
      const load = new ConstantLoad(t, nanos, 'steady', '/');
      for (const app of ['parks', 'never-stops', 'rejects']) {
        await load.answered(100);
        const from = nanos.logs().length;
        const slow = Array.from({ length: 4 }, () => nanos.request('slow'));
        await nanos.waitForLog(({ event, message }) => event === 'console' && message === 'inside', from);
        const answer = await kill(nanos, app);
        assert.equal(answer?.status, 503, answer?.text);
        const replaced = await nanos.waitForLog(({ event }) => event === 'cell_replaced', from);
        assert.match(replaced.message ?? '', new RegExp(app));
        assert.deepEqual((await Promise.all(slow)).map(({ text }) => text), ['slow', 'slow', 'slow', 'slow']);
        while (nanos.pids('cell').includes(Number(replaced['pid']))) await sleep(20);
      }
      await load.answered(100);
      assert.deepEqual(await load.end(), { failures: [], unusual: [] });
    });
  }
});

/** Resolves when a cell serves that is not the one of that pid. */
async function nextCell(nanos: Nanos, dead: number): Promise<void> {
  while (nanos.pids('cell').length !== 1 || nanos.pids('cell')[0] === dead || (await nanos.control('/readyz')).status !== 200) await sleep(20);
}

async function stateOf(nanos: Nanos, app: string): Promise<string> {
  return ((await nanos.control(`/v1/apps/${app}`)).json() as { state: string }).state;
}

describe('a cell aborts', () => {
  test('whose code it was is known the second time at the latest, and held back; only what the cell had is lost, connections wait for the next cell', linux, async (t) => {
    const nanos = await start(t, 1);
    const deaths: LogLine[] = [];
    const load = new ConstantLoad(t, nanos, 'steady', '/');
    while (deaths.length < 2) {
      await load.answered(50);
      const from = nanos.logs().length;
      assert.equal(await kill(nanos, 'check'), undefined);
      const died = await nanos.waitForLog(({ event }) => event === 'cell_died', from);
      deaths.push(died);
      await nextCell(nanos, Number(died['pid']));
    }
    await load.answered(50);
    const refusal = await kill(nanos, 'check');
    assert.deepEqual([refusal?.status, refusal?.headers['x-nanos-error']], [503, 'quarantined']);
    assert.match(String(refusal?.headers['retry-after']), /^[1-9]\d*$/);
    assert.equal(await stateOf(nanos, 'check'), 'quarantined');
    const { failures, unusual } = await load.end();
    assert.deepEqual(unusual, []);
    // nobody was refused; each of the load's connections is in flight, or kept, once at most when a cell dies
    assert.ok(failures.every((code) => code === 'ECONNRESET'), failures.join(', '));
    assert.ok(failures.length <= deaths.length * ConstantLoad.lanes, failures.join(', '));
    assert.deepEqual(deaths.map(({ message }) => message), ['SIGTRAP', 'SIGTRAP']);
    assert.ok((deaths[0]!['apps'] as string[]).includes('check'));
    assert.deepEqual(deaths[1]?.['apps'], ['check']);
    const from = nanos.logs().length;
    await nanos.write('check/index.js', killer(`return new Response('cured');`));
    await nanos.waitForLog(({ event, app }) => event === 'app_serving' && app === 'check', from);
    assert.equal((await nanos.request('check', '/kill')).text, 'cured');
    assert.equal(await stateOf(nanos, 'check'), 'ready');
  });

  /** Has the cell end by `signal`, while `spins` is inside or nobody is. */
  async function die(nanos: Nanos, signal: NodeJS.Signals, isInside: boolean): Promise<LogLine> {
    const from = nanos.logs().length;
    const answer = isInside ? kill(nanos, 'spins') : undefined;
    if (isInside) await nanos.waitForLog(({ app, message }) => app === 'spins' && message === 'spins', from);
    await sleep(300);
    process.kill(nanos.pidOf('cell'), signal);
    const died = await nanos.waitForLog(({ event }) => event === 'cell_died', from);
    assert.equal(died.message, signal);
    assert.equal(await answer, undefined);
    // there is no cell yet: the connection waits
    assert.equal((await nanos.request('steady')).text, 'steady');
    return died;
  }

  test('by any signal that code can bring about; one from outside, and a time when nobody’s code runs, accuse nobody', linux, async (t) => {
    const nanos = await start(t, 1);
    assert.equal((await nanos.request('spins')).text, 'fine');
    const deaths: LogLine[] = [];
    for (const [signal, isInside] of [['SIGABRT', false], ['SIGKILL', true], ['SIGSEGV', true]] as const) deaths.push(await die(nanos, signal, isInside));
    assert.deepEqual(deaths.map(({ apps }) => apps), [[], [], ['spins']]);
    assert.deepEqual(nanos.logs().filter(({ event }) => event === 'app_quarantined'), []);
    assert.deepEqual((await die(nanos, 'SIGABRT', true))['apps'], ['spins']);
    assert.equal((await kill(nanos, 'spins'))?.headers['x-nanos-error'], 'quarantined');
  });
});
