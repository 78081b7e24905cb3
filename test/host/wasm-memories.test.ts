/** Apps that fill a cell with WebAssembly memories, in which there need be nothing: whom that costs something. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startHost } from '../../src/host/start-host.ts';
import type { LogEvent } from '../../src/protocol/control.ts';
import type { ServeOptions } from '../../src/protocol/serve-options.ts';
import { WASM_MEMORIES_MAX } from '../../src/protocol/wasm-memory.ts';
import { httpRequest, type Answer } from '../support/http-request.ts';
import { temporaryFolder, writeFiles } from '../support/start-nanos.ts';

/** Of isolates, so that a cell may have as many memories as an isolate may. */
const RESIDENTS_MAX = 20;
const HOLDER = `const kept = [];
const leave = [];
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    for (let left = Number(searchParams.get('n')); left > 0; left--) kept.push(new WebAssembly.Memory({ initial: 0 }));
    if (pathname === '/stay') await new Promise((resolve) => leave.push(resolve));
    if (pathname === '/leave') for (const left of leave) left();
    return new Response(String(kept.length));
  },
};`;
const NEIGHBOUR = "export default { fetch: () => new Response(String(new WebAssembly.Memory({ initial: 1 }).buffer.byteLength)) };";

const names = ['a', 'b', 'c', 'd'];
const root = await temporaryFolder({ after });
await writeFiles(join(root, 'apps'), Object.fromEntries([...names.map((name) => [`${name}/index.js`, HOLDER] as const), ['neighbour/index.js', NEIGHBOUR] as const]));
const events: LogEvent[] = [];
const options: ServeOptions = { folders: [join(root, 'apps')], configFile: undefined, host: '127.0.0.1', controlPort: 0, appsPort: 0, cells: 1, dataDir: join(root, 'data'), agentsFolder: undefined, dev: false, auth: false, graceMs: 1_000 };
const host = await startHost(options, undefined, { write: (line) => events.push(JSON.parse(line) as LogEvent), flush: () => Promise.resolve() }, { residentsMax: RESIDENTS_MAX });
after(() => host.close());

function ask(name: string, path = '/'): Promise<Answer> {
  return httpRequest({ port: Number(new URL(host.appsUrl).port), path, headers: { host: `${name}.localhost` } });
}

function ended(): (string | undefined)[] {
  return events.filter(({ event }) => event === 'isolate_ended').map(({ app }) => app);
}

test('idle isolates that have some make room, the least recently used first', async () => {
  await ask('neighbour');
  for (const name of names) assert.equal((await ask(name, '/?n=60')).text, '60');
  assert.deepEqual(await Promise.all(names.map(async (name) => (await ask(name)).text)), ['0', '0', '60', '60']);
  assert.equal((await ask('neighbour')).text, '65536');
  assert.deepEqual(ended(), []);
});

test('when nobody is idle, who has most ends', async () => {
  const few = ask('a', '/stay?n=50');
  const most = ask('b', `/stay?n=${WASM_MEMORIES_MAX - 68}`);
  while (!ended().includes('b')) {
    assert.equal((await ask('c', '/?n=10')).status, 200);
  }
  assert.equal((await most).headers['x-nanos-error'], 'memory_limit');
  assert.deepEqual(ended(), ['b']);
  assert.equal((await ask('neighbour')).text, '65536');
  await ask('a', '/leave');
  assert.equal((await few).text, '50');
});
