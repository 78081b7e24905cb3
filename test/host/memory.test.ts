/** Memory that V8 does not count, and a cell that runs full: what goes, and who serves on. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import wabt from 'wabt';
import { startNanos, temporaryFolder, writeFiles, type Nanos } from '../support/start-nanos.ts';

const linux = { skip: existsSync('/proc/self/statm') ? false : 'needs /proc' };

const { parseWat } = await wabt();

function assemble(text: string): Uint8Array {
  const parsed = parseWat('module.wat', text, { bulk_memory: true });
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

const GROWS = assemble('(module (func $before (import "env" "before")) (memory 1) (func (export "grow") (param i32) (result i32) (call $before) (memory.grow (local.get 0))))');
const EXPORTS = assemble('(module (memory (export "memory") 2 70) (data (i32.const 5) "hello"))');

const WASM_APP = `
import GROWS from './grows.wasm';
import EXPORTS from './exports.wasm';
const kept = [];
const env = { before() {} };
const named = (run) => { try { return run(); } catch (error) { return error.name; } };
const paths = {
  '/new': () => kept.push(new WebAssembly.Instance(GROWS, { env })),
  '/grow': (pages) => kept.at(-1).exports.grow(pages),
  '/grown': (pages) => (kept.push(new WebAssembly.Instance(GROWS, { env })), [kept.at(-1).exports.grow(pages), kept.at(-1).exports.grow(0), kept.length]),
  '/memory': (pages) => named(() => (kept.push(new WebAssembly.Memory({ initial: pages })), kept.at(-1).buffer.byteLength / 65536)),
  '/tiny': (count) => named(() => { for (let i = 0; i < count; i++) kept.push(new WebAssembly.Memory({ initial: 0 })); return 'made'; }),
  '/one': () => new WebAssembly.Memory({ initial: 0 }).grow(1),
  '/nested': (count) => {
    const made = [];
    const Native = WebAssembly.Memory;
    const nested = () => {
      if (count-- > 0) made.push(Reflect.construct(Native, [{ initial: 0 }], new Proxy(function () {}, { get: () => (nested(), Native.prototype) })));
    };
    const error = named(nested);
    kept.push(made);
    return error ?? made.length;
  },
  '/derived': () => {
    class Derived extends WebAssembly.Memory { pages() { return this.buffer.byteLength / 65536; } }
    const made = new Derived({ initial: 3 });
    const bare = Reflect.construct(WebAssembly.Memory, [{ initial: 1 }], Object.assign(function () {}, { prototype: null }));
    return [made.pages(), made instanceof Derived, made instanceof WebAssembly.Memory, Object.getPrototypeOf(bare) === WebAssembly.Memory.prototype];
  },
  '/shape': () => {
    const { memory } = new WebAssembly.Instance(EXPORTS).exports;
    return {
      imports: [WebAssembly.Module.imports(GROWS), WebAssembly.Module.imports(EXPORTS)],
      exports: WebAssembly.Module.exports(EXPORTS),
      isMemory: memory instanceof WebAssembly.Memory,
      text: new TextDecoder().decode(new Uint8Array(memory.buffer, 5, 5)),
      pages: [memory.buffer.byteLength / 65536, memory.grow(60), named(() => memory.grow(60))],
      own: new WebAssembly.Memory({ initial: 1, maximum: 2 }).grow(1),
      refused: [
        named(() => new WebAssembly.Instance(GROWS)),
        named(() => new WebAssembly.Instance(GROWS, { env: {} })),
        named(() => new WebAssembly.Instance({}, { env })),
        named(() => new WebAssembly.Instance(EXPORTS, 7)),
        named(() => new WebAssembly.Memory({ initial: 2, maximum: 1 })),
        named(() => new WebAssembly.Memory({ initial: -1 })),
        named(() => new WebAssembly.Memory({ initial: 1, maximum: 1e10 })),
        named(() => new WebAssembly.Memory({})),
        named(() => new WebAssembly.Memory()),
      ],
      inherited: new WebAssembly.Instance(GROWS, new (class { get env() { return env; } })()).exports.grow(0),
    };
  },
};
export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const found = paths[pathname];
    return Response.json(found === undefined ? null : found(Number(searchParams.get('n') ?? 0)));
  },
};`;

const HOLDER = (index: number): string => `
const kept = [];
export default {
  async fetch(request) {
    if (kept.length === 0) for (let i = 0; i < 40; i++) kept.push(new Uint8Array(1024 * 1024).fill(i + ${index}));
    if (new URL(request.url).pathname === '/more') for (let i = 0; i < 300; i++) {
      kept.push(new Uint8Array(1024 * 1024).fill(i));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return new Response(String(kept.length));
  },
};`;
/** More than fit into the cell below. */
const HOLDERS = Array.from({ length: 12 }, (_, index) => `holder-${index}`);

async function start(t: TestContext | { after: typeof after }, config: string, files: Readonly<Record<string, string>>): Promise<Nanos> {
  const root = await temporaryFolder(t);
  await writeFiles(root, { 'nanos.yaml': config, 'apps/wasm/index.js': WASM_APP });
  await writeFile(join(root, 'apps/wasm/grows.wasm'), GROWS);
  await writeFile(join(root, 'apps/wasm/exports.wasm'), EXPORTS);
  return startNanos(t, { root, files, args: ['--config', join(root, 'nanos.yaml')] });
}

const nanos = await start({ after }, 'limits: { memory: 32MB, cpu_ms: 5000 }', {});

describe('WebAssembly memories', () => {
  const ask = async (path: string): Promise<unknown> => (await nanos.request('wasm', path)).json();

  test('that a module defines are made by the isolate, and look as if they were not', async () => {
    assert.deepEqual(await ask('/shape'), {
      imports: [[{ module: 'env', name: 'before', kind: 'function' }], []],
      exports: [{ name: 'memory', kind: 'memory' }],
      isMemory: true,
      text: 'hello',
      pages: [2, 2, 'RangeError'],
      own: 1,
      refused: ['TypeError', 'LinkError', 'TypeError', 'TypeError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'],
      inherited: 1,
    });
  });

  test('grow as far as the app’s limit each', async () => {
    await ask('/new');
    assert.equal(await ask('/grow?n=512'), -1);
    assert.equal(await ask('/grow?n=511'), 1);
    assert.equal(await ask('/memory?n=513'), 'RangeError');
  });

  test('that have grown beyond the limit together lead to a fresh isolate, and no request is lost', async () => {
    const from = nanos.logs().length;
    const kept: number[] = [];
    for (let round = 0; round < 20; round++) {
      const answer = await nanos.request('wasm', '/grown?n=200');
      assert.equal(answer.status, 200, answer.text);
      const [before, after, instances] = answer.json() as number[];
      assert.deepEqual([before, after], [1, 201]);
      kept.push(instances!);
    }
    // it starts anew each time that the sum is over
    assert.ok(kept.some((instances, round) => round > 0 && instances === 1), kept.join(', '));
    assert.ok(kept.every((instances, round) => round === 0 || instances === 1 || instances === kept[round - 1]! + 1), kept.join(', '));
    assert.match((await nanos.waitForLog(({ event }) => event === 'isolate_recycled', from)).message ?? '', /WebAssembly memories/u);
  });

  test('are limited in number', async () => {
    assert.equal(await ask('/tiny?n=129'), 'RangeError');
    // the isolate is replaced once the one before it has ended
    let made = await ask('/tiny?n=128');
    for (let tries = 0; made === 'RangeError' && tries < 200; tries++) {
      await sleep(20);
      made = await ask('/tiny?n=128');
    }
    assert.equal(made, 'made');
  });

  test('are counted before the tenant’s code runs again', async () => {
    assert.equal(await ask('/nested?n=100'), 100);
    assert.equal(await ask('/nested?n=300'), 'RangeError');
  });

  test('can be subclassed', async () => assert.deepEqual(await ask('/derived'), [3, true, true, true]));

  test('one a request never come to too many', async () => {
    for (let round = 0; round < 40; round++) {
      assert.deepEqual(await Promise.all(Array.from({ length: 10 }, () => ask('/one'))), Array.from({ length: 10 }, () => 0));
    }
  });
});

describe('a cell that runs full', { concurrency: 1 }, () => {
  test('evicts idle isolates, the least recently used first, and every request is answered', linux, async (t) => {
    const full = await start(t, 'cell_memory: 512MB\nlimits: { memory: 512MB, cpu_ms: 5000 }\n', Object.fromEntries(HOLDERS.map((name, index) => [`${name}/index.js`, HOLDER(index)])));
    for (let round = 0; round < 2; round++) {
      for (const name of HOLDERS) assert.equal((await full.request(name)).text, '40');
    }
    let left = await residentsOf(full);
    for (; left.length === HOLDERS.length; left = await residentsOf(full)) await sleep(50);
    assert.ok(left.length > 0, 'nobody is left');
    assert.deepEqual(left, HOLDERS.toSorted().filter((name) => HOLDERS.indexOf(name) >= HOLDERS.length - left.length));
    assert.deepEqual(full.logs().filter(({ event }) => event === 'isolate_ended' || event === 'cell_died'), []);
  });

  test('ends the app that has most of it', linux, async (t) => {
    const full = await start(t, 'cell_memory: 256MB\nlimits: { memory: 1GB, cpu_ms: 5000 }\n', { 'holder-0/index.js': HOLDER(0), 'holder-1/index.js': HOLDER(1) });
    const answer = await full.request('holder-0', '/more');
    assert.deepEqual([answer.status, answer.headers['x-nanos-error']], [503, 'memory_limit']);
    const again = await full.request('holder-0');
    assert.deepEqual([again.status, again.headers['x-nanos-error']], [503, 'quarantined']);
    assert.equal((await full.request('holder-1')).text, '40');
    assert.deepEqual(full.logs().filter(({ event }) => event === 'cell_died' || event === 'cell_replaced'), []);
  });
});

async function residentsOf(host: Nanos): Promise<string[]> {
  const { apps } = (await host.control('/v1/apps')).json() as { apps: { name: string; residents: number }[] };
  return apps.filter(({ residents }) => residents > 0).map(({ name }) => name);
}
