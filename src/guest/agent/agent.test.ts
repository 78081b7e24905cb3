/** The SDK and the prelude, as an agent sees them: real agents, compiled, metered, run. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { packPayload } from '../../protocol/agent/payload.ts';
import { compileFiles, runAgent, type Answer, type SyscallMade, type TestOptions, type TestRun } from '../../agents/compile/test-agent.ts';

const IMPORTS = `import { agent, fleet, fs, llm, mcp, memory, PermissionDenied, SyscallError, web } from 'nanos/agent';\n`;

async function run(source: string, answer?: (call: SyscallMade) => Answer, options?: TestOptions): Promise<TestRun> {
  return runAgent(await compileFiles({ 'agent.ts': IMPORTS + source }), answer, options);
}

/** What the agent logs as JSON. */
async function value(source: string, answer?: (call: SyscallMade) => Answer, options?: TestOptions): Promise<unknown> {
  const { logs, outcome } = await run(source, answer, options);
  assert.deepEqual(outcome, { kind: 'returned', value: 0 }, logs.join('\n'));
  return JSON.parse(logs[0]?.replace(/^info: /, '') ?? 'null');
}

const RESTED = { kind: 'returned', value: 0 };
const THREW = { kind: 'returned', value: 1 };

test('every syscall of the SDK: arguments and replies', async () => {
  const replies: Readonly<Record<string, Answer>> = {
    goal: { inline: 'Größe' },
    tools: { inline: '["fs_read","done"]' },
    fs_read: { inline: 'text' },
    fs_list: { reply: '[{"name":"a","type":"file","size":1}]' },
    fs_stat: { reply: '{"type":"file","size":3,"modifiedMs":5}' },
    web_fetch: { reply: packPayload({ status: 201, url: 'http://h/', headers: [['X-A', '1'], ['x-a', '2']] }, new TextEncoder().encode('{"ok":1}')) },
    llm_infer: { reply: 'inferred' },
    llm_chat: { reply: '{"content":"said"}' },
    mcp_call: { reply: '{"content":[{"type":"text","text":"t"}]}' },
    mcp_list_tools: { reply: '[]' },
    memory_recall: { reply: 'recalled' },
    fleet_recv: { reply: '{"from":"b","text":"hi"}' },
  };
  const { calls, logs } = await run(
    `const response = await web.fetch(new URL('http://h/'), { method: 'PUT', headers: { a: 'b' }, body: 'put' });
    console.log(JSON.stringify([
      await agent.getGoal(), await agent.getTools(), await fs.readFile('a'), await fs.list(), await fs.stat('a'), response.status, response.ok, response.headers.get('x-a'), await response.json(),
      await llm.infer('p', { maxTokens: 5 }), await llm.chat([{ role: 'user', content: 'c' }]), await mcp.call('s', 't', { a: 1 }), await mcp.listTools(), await mcp.readResource('s', 'u'),
      await mcp.getPrompt('s', 'n'), await memory.recall('k'), await fleet.recv({ timeoutMs: 9 }),
    ]));
    await fs.writeFile('b', 'lone \\ud800'); await memory.store('k', 'v'); await fleet.send('b', 'm');
    await fs.mkdir('d'); await fs.remove('e'); await fs.rename('f', 'g'); await agent.done('end');`,
    ({ name }) => replies[name] ?? { reply: 'null' },
  );
  assert.deepEqual(JSON.parse(logs[0]?.slice(6) ?? ''), [
    'Größe', ['fs_read', 'done'], 'text', [{ name: 'a', type: 'file', size: 1 }], { type: 'file', size: 3, modifiedMs: 5 }, 201, true, '1, 2', { ok: 1 },
    'inferred', { content: 'said' }, { content: [{ type: 'text', text: 't' }] }, [], null, null, 'recalled', { from: 'b', text: 'hi' },
  ]);
  assert.deepEqual(
    calls.map(({ name, head, text }) => [name, head, text]),
    [
      ['web_fetch', { url: 'http://h/', method: 'PUT', headers: [['a', 'b']] }, 'put'],
      ['goal', undefined, ''],
      ['tools', undefined, ''],
      ['fs_read', { path: 'a' }, ''],
      ['fs_list', { path: '.' }, ''],
      ['fs_stat', { path: 'a' }, ''],
      ['llm_infer', { maxTokens: 5 }, 'p'],
      ['llm_chat', { messages: [{ role: 'user', content: 'c' }] }, ''],
      ['mcp_call', { server: 's', tool: 't', arguments: { a: 1 } }, ''],
      ['mcp_list_tools', {}, ''],
      ['mcp_read_resource', { server: 's', uri: 'u' }, ''],
      ['mcp_get_prompt', { server: 's', name: 'n', arguments: {} }, ''],
      ['memory_recall', { key: 'k' }, ''],
      ['fleet_recv', { timeoutMs: 9 }, ''],
      ['fs_write', { path: 'b' }, 'lone \ufffd'],
      ['memory_store', { key: 'k' }, 'v'],
      ['fleet_send', { to: 'b' }, 'm'],
      ['fs_mkdir', { path: 'd' }, ''],
      ['fs_remove', { path: 'e' }, ''],
      ['fs_rename', { from: 'f', to: 'g' }, ''],
      ['done', {}, 'end'],
    ],
  );
});

test('bytes come and go as they are', async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) & 0xff);
  const { calls } = await run(
    `const inline = await fs.readFile('inline', { encoding: null }), later = await fs.readBytes('later');
    await fs.writeFile('a', inline); await fs.writeFile('b', later.subarray(5, 600)); await fs.writeFile('c', new Uint8Array(0));`,
    ({ name, head }) => (name === 'fs_write' ? { reply: '' } : (head as { path: string }).path === 'inline' ? { inline: bytes } : { reply: bytes }),
  );
  const written = calls.filter(({ name }) => name === 'fs_write').map(({ body }) => body);
  assert.deepEqual(written, [bytes, bytes.subarray(5, 600), new Uint8Array(0)]);
});

test('text of a megabyte', async () => {
  const text = 'aé漢🎉'.repeat(100_000);
  const { calls } = await run(`const a = await fs.readFile('inline'), b = await fs.readFile('later'); await fs.writeFile('x', a + b);`, ({ name, head }) =>
    name === 'fs_write' ? { reply: '' } : (head as { path: string }).path === 'inline' ? { inline: text } : { reply: text },
  );
  assert.equal(calls.at(-1)?.text, text + text);
});

test('malformed UTF-8 is read as the standard says', async () => {
  const bytesAtEdges = fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff);
  const random = fc.sample(fc.array(bytesAtEdges, { maxLength: 24 }), { numRuns: 500, seed: 7 }).map((bytes) => Uint8Array.from(bytes));
  const inputs = ['ff', 'c3', 'e282', 'f09f', 'eda080', 'c080', 'f4908080', '61e2286162', 'efbbbf61', 'f0808080', 'e2e282ac'].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex'))).concat(random);
  const texts = await value(
    `const texts = []; for (let i = 0; i < ${inputs.length}; i++) texts.push(await fs.readFile(String(i)), new TextDecoder().decode(await fs.readBytes(String(i)))); console.log(JSON.stringify(texts));`,
    ({ head }) => ({ inline: inputs[Number((head as { path: string }).path)] ?? '' }),
  );
  const expected = inputs.flatMap((bytes) => [new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), new TextDecoder().decode(bytes)]);
  assert.deepEqual(texts, expected);
});

test('several calls at once settle in the order of their replies', async () => {
  const { logs } = await run(
    `const order = []; const get = (p) => fs.readFile(p).then((text) => { order.push(p); return text });
    const all = await Promise.all([get('a'), get('b'), get('inline')]); const first = await Promise.race([get('c'), get('d')]);
    console.log(JSON.stringify([all, order, first]));`,
    ({ head }) => ((head as { path: string }).path === 'inline' ? { inline: 'now' } : { reply: `later ${(head as { path: string }).path}` }),
  );
  assert.equal(logs[0], 'info: [["later a","later b","now"],["inline","a","b","c"],"later c"]');
});

test('a denied call is an error with what was asked and the rule', async () => {
  const denied = { error: { code: 'permission_denied', message: 'Permission denied: /etc/passwd', asked: '/etc/passwd', rule: 'fs_read' } };
  const seen = await value(
    `async function load() { return fs.readFile('/etc/passwd') }
    try { await load() } catch (e) { console.log(JSON.stringify([e instanceof PermissionDenied, e instanceof SyscallError, e instanceof Error, e.name, e.code, e.asked, e.rule, e.message])); console.log(e.stack) }`,
    () => denied,
  );
  assert.deepEqual(seen, [true, true, true, 'PermissionDenied', 'permission_denied', '/etc/passwd', 'fs_read', 'Permission denied: /etc/passwd']);
});

test('an error reply shows where the call was made', async () => {
  const { logs, outcome } = await run(`async function load() {\n  await fs.readFile('x');\n}\nawait load();`, () => ({ error: { code: 'not_found', message: 'There is no file x' } }));
  assert.match(logs[0] ?? '', /^fatal: Uncaught SyscallError: There is no file x\n {4}at load \(agent\.ts:3:\d+\)\n {4}at <anonymous> \(agent\.ts:5:\d+\) \{\n {2}code: 'not_found'\n\}$/);
  assert.deepEqual(outcome, THREW);
});

test('replies that are not what they should be', async () => {
  const answers: Answer[] = [{ error: 'no JSON' }, { error: {} }, { error: 'null' }, { error: { code: 5, message: [] } }, { reply: 'no JSON' }, { reply: '' }];
  const seen = await value(
    `const seen = []; for (let i = 0; i < 6; i++) try { await fs.list('.') } catch (e) { seen.push([e.name, e.code]) } console.log(JSON.stringify(seen));`,
    () => answers.shift() ?? 'never',
  );
  const error = ['SyscallError', 'io_failed'];
  assert.deepEqual(seen, [error, error, error, error, ['SyntaxError', null], ['SyntaxError', null]]);
});

test('aborting a call cancels it, and what the host says to it later is nobody’s', async () => {
  const { calls, logs, outcome } = await run(
    `const controller = new AbortController(); const call = fs.readFile('slow', { signal: controller.signal });
    controller.signal.addEventListener('abort', (e) => console.log('event', e.type, controller.signal.aborted));
    queueMicrotask(() => controller.abort());
    try { await call } catch (e) { console.log(e.name, e === controller.signal.reason) }
    try { await fs.readFile('never sent', { signal: controller.signal }) } catch (e) { console.log(e.name) }
    console.log(await fs.readFile('next'));
    try { await AbortSignal.any([AbortSignal.abort('why')]).throwIfAborted() } catch (e) { console.log(e) }
    try { await fs.readFile('timeout', { signal: AbortSignal.timeout(10) }) } catch (e) { console.log(e.name) }`,
    ({ name, head }) => {
      const path = (head as { path?: string }).path;
      if (name === 'timer') return { reply: '' };
      return path === 'slow' ? { error: { code: 'aborted', message: 'Aborted' } } : path === 'timeout' ? 'never' : { reply: 'text' };
    },
  );
  assert.deepEqual(logs, ['info: event abort true', 'info: AbortError true', 'info: AbortError', 'info: text', 'info: why', 'info: TimeoutError']);
  assert.deepEqual(calls.map(({ name }) => name), ['fs_read', 'cancel', 'fs_read', 'timer', 'fs_read', 'cancel']);
  assert.deepEqual(calls[1]?.head, { id: calls[0]?.id });
  assert.deepEqual(outcome, RESTED);
});

test('timers', async () => {
  const { calls, logs } = await run(
    `setTimeout((a, b) => console.log('timeout', a, b), 5, 'x', 2);
    const cleared = setTimeout(() => console.log('cleared'), 1); clearTimeout(cleared); clearTimeout(cleared); clearTimeout(undefined);
    let ticks = 0; const interval = setInterval(() => { console.log('tick', ++ticks); if (ticks === 3) clearInterval(interval) }, 7);
    queueMicrotask(() => console.log('microtask')); console.log('first');`,
    ({ name }) => (name === 'timer' ? { reply: '' } : 'never'),
  );
  assert.deepEqual(logs, ['info: first', 'info: microtask', "info: timeout x 2", 'info: tick 1', 'info: tick 2', 'info: tick 3']);
  assert.deepEqual(calls.filter(({ name }) => name === 'timer').map(({ head }) => (head as { ms: number }).ms), [5, 1, 7, 7, 7, 7]);
});

for (const [what, source, says] of [
  ['an error thrown by a timer', `setTimeout(() => { throw new Error('late') }, 1)`, /^fatal: Uncaught Error: late\n/],
  ['an error thrown by a microtask', `queueMicrotask(() => { throw new Error('micro') })`, /^fatal: Uncaught Error: micro\n/],
  ['a rejection that nobody handles', `Promise.reject(new TypeError('lost'))`, /^fatal: Uncaught \(in promise\) TypeError: lost\n/],
  ['a rejection of no error', `Promise.reject({ odd: 1 })`, /^fatal: Uncaught \(in promise\) \{ odd: 1 \}$/],
  ['a value that can’t be shown', `throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 } })`, /^fatal: Uncaught/],
] as const) {
  test(`${what} fails the agent`, async () => {
    const { logs, outcome } = await run(source, () => ({ reply: '' }));
    assert.match(logs[0] ?? '', says);
    assert.equal(logs.length, 1);
    assert.deepEqual(outcome, THREW);
  });
}

test('a rejection that is handled later in the same turn is no failure', async () => {
  const { logs, outcome } = await run(`const p = Promise.reject(new Error('x')); await null; await null; p.catch((e) => console.log('caught', e.message));`);
  assert.deepEqual([logs, outcome], [['info: caught x'], RESTED]);
});

test('nothing leaves after process.exit', async () => {
  const { calls, logs, outcome } = await run(`try { process.exit(3) } catch { console.log('still here'); void fs.readFile('x'); setTimeout(() => {}, 1) }\nthrow new Error('after')`);
  assert.deepEqual([calls.map(({ name, head }) => [name, head]), logs, outcome], [[['exit', { code: 3 }]], [], RESTED]);
});

test('recursion is an error that can be caught, in each of its forms', async () => {
  // Deep nesting for JSON.stringify or in source text given to eval ends the run as depth_limit instead.
  const source = `const names = []; const attempt = (f) => { try { f(); names.push('none') } catch (e) { names.push(e.name) } };
    let nested = []; for (let i = 0; i < 100000; i++) nested = [nested];
    attempt(function f() { f() }); attempt(() => JSON.parse('['.repeat(200000))); attempt(() => nested.toString()); attempt(() => nested.flat(Infinity));
    attempt(() => structuredClone(nested)); attempt(() => new RegExp('(?:'.repeat(100000)));
    class A { get x() { return this.x } } attempt(() => new A().x); attempt(() => { const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x });
    attempt(() => 'a'.replace(/a/, function g() { return 'a'.replace(/a/, g) })); attempt(() => [1, 2].sort(function h() { return [2, 1].sort(h) })); attempt(() => /(?:a|b)*c/.test('ab'.repeat(500000)));
    console.log(JSON.stringify(names));`;
  const names = (await value(source)) as string[];
  assert.deepEqual(new Set(names.slice(0, 4)), new Set(['RangeError']));
  assert.equal(names.length, 11);
  assert.ok(names.every((name) => ['RangeError', 'SyntaxError', 'InternalError', 'none'].includes(name)), names.join(' '));
});

test('a rejection that happens at the end of the stack is noted like others', async () => {
  const { logs, outcome } = await run(`async function f() { await f() }\nf().catch((e) => console.log(e.name)); async function g() { await g() }\ng();`);
  assert.deepEqual([logs.length, logs[0]], [2, 'info: RangeError']);
  assert.match(logs[1] ?? '', /^fatal: Uncaught \(in promise\) RangeError: Maximum call stack size exceeded\n {4}at g \(agent\.ts:/);
  assert.deepEqual(outcome, THREW);
});

test('out of memory: an error that can be caught; uncaught, it has its own status', async () => {
  const caught = await run(`const all = []; try { for (;;) all.push(new Uint8Array(1 << 20).fill(1)) } catch (e) { all.length = 0; console.log(String(e)) }`, undefined, { memoryPagesMax: 256 });
  assert.deepEqual([caught.logs, caught.outcome], [['info: InternalError: out of memory'], RESTED]);
  for (const grow of ['new Uint8Array(1 << 20)', '"x".repeat(1 << 16) + all.length', '{ a: [1] }']) {
    const { outcome, logs, memoryPages } = await run(`const all = []; for (;;) all.push(${grow});`, undefined, { memoryPagesMax: 128 });
    assert.deepEqual(outcome, { kind: 'returned', value: 2 }, `${grow} ${logs.join()}`);
    assert.ok(memoryPages <= 128);
  }
});

test('randomness comes from the host, none from when it was compiled', async () => {
  const agent = await compileFiles({ 'agent.ts': `console.log(Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)).join())` });
  const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => runAgent(agent, undefined, { seed })));
  assert.deepEqual(one?.logs, again?.logs);
  assert.notDeepEqual(one?.logs, other?.logs);
  assert.match(one?.logs[0] ?? '', /^info: 0\.\d+ [\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12} \d+,\d+,\d+,\d+$/);
});

test('the same run takes the same fuel', async () => {
  const agent = await compileFiles({ 'agent.ts': `${IMPORTS}const all = await Promise.all([fs.readFile('a'), fs.readFile('b')]); console.log(all.map((x) => x.length + Math.random()));` });
  const runs = await Promise.all([1, 1].map((seed) => runAgent(agent, () => ({ reply: 'text' }), { seed })));
  assert.equal(runs[0]?.fuelUsed, runs[1]?.fuelUsed);
});

test('the clock is the host’s', async () => {
  const seen = await value(`console.log(JSON.stringify([Date.now(), new Date().toISOString(), performance.now(), new Date(2020, 0).getTimezoneOffset()]))`, undefined, { clockNs: () => 1_700_000_000_123_000_000n });
  assert.deepEqual(seen, [1_700_000_000_123, '2023-11-14T22:13:20.123Z', 0, 0]);
});

test('a stream of a model, piece by piece, to its end', async () => {
  const { logs, calls } = await run(
    `const stream = llm.stream([{ role: 'user', content: 'x' }]); for (;;) { const { done, value } = await stream.next(); console.log(done, value); if (done) break }
    for await (const piece of llm.stream([])) { console.log(piece); break }`,
    ({ name }) => (name === 'llm_chat' ? { chunks: ['Hel', 'lo'], reply: '{"content":"Hello"}' } : 'never'),
  );
  assert.deepEqual(logs, ['info: false Hel', 'info: false lo', "info: true { content: 'Hello' }", 'info: Hel']);
  assert.deepEqual(calls.map(({ name }) => name), ['llm_chat', 'llm_chat', 'cancel']);
});

test('web.get gives the text, or an error for other statuses', async () => {
  const statuses = [200, 404];
  const seen = await value(
    `const text = await web.get('http://h/'); try { await web.get('http://h/') } catch (e) { console.log(JSON.stringify([text, e.code, e.message])) }`,
    () => ({ reply: packPayload({ status: statuses.shift(), url: 'http://h/', headers: [] }, new TextEncoder().encode('body')) }),
  );
  assert.deepEqual(seen, ['body', 'http_status', 'GET http://h/ was answered with status 404']);
});

test('memory that holds nothing is undefined', async () => {
  const { logs } = await run(`console.log(await memory.recall({ query: 'x' }))`, () => ({ error: { code: 'not_found', message: 'None' } }));
  assert.deepEqual(logs, ['info: undefined']);
});

test('globals: what is there, and what costs nothing until it is named', async () => {
  const seen = await value(
    `const clone = structuredClone({ m: new Map([[1, new Date(0)]]) }); console.log(JSON.stringify([
      new URL('../b?c=d#e', 'http://x/a/').href, globalThis.URL === URL, [...new URLSearchParams('a=1&a=2')], clone.m.get(1).getTime(), new TextEncoder().encode('é').length,
      new TextDecoder('utf-16le').decode(new Uint8Array([65, 0])), atob(btoa('x')), process.argv, process.env, typeof globalThis.fetch,
    ]))`,
  );
  assert.deepEqual(seen, ['http://x/b?c=d#e', true, [['a', '1'], ['a', '2']], 0, 2, 'A', 'x', ['nanos', 'agent'], {}, 'undefined']);
  const [lean, heavy] = await Promise.all(['console.log(1)', 'console.log(URL)'].map((source) => compileFiles({ 'a.ts': source })));
  assert.ok((lean?.wasm.length ?? 0) + 20_000 < (heavy?.wasm.length ?? 0));
});

test('console shows values as people expect', async () => {
  const { logs } = await run(
    `console.log('%s is %d%%', 'x', 5, { a: 1 }); console.warn(new Map([['k', new Set([1])]])); console.error('e'); console.debug(null); console.group('g'); console.log('in\\nside'); console.groupEnd();
    console.assert(1 === 2, 'no'); console.count(); console.count(); const c = {}; c.c = c; console.info(c, 1n, Symbol('s'), [,1], () => 1);`,
  );
  assert.deepEqual(logs, [
    'info: x is 5% { a: 1 }', "warn: Map(1) { 'k' => Set(1) { 1 } }", 'error: e', 'debug: null', 'info: g', 'info:   in\n  side', 'error: Assertion failed no',
    'info: default: 1', 'info: default: 2', 'info: { c: [Circular] } 1n Symbol(s) [ <empty>, 1 ] [Function: (anonymous)]',
  ]);
});
