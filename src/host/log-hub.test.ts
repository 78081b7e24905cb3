import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { LogEvent } from '../protocol/control.ts';
import { LogHub } from './log-hub.ts';
import type { LogOutput } from './log-output.ts';

function event(number: number, app?: string): LogEvent {
  return { time: '2026-01-02T03:04:05.678Z', level: 'info', event: 'request', app, number };
}

function collect(): { lines: string[]; output: LogOutput } {
  const lines: string[] = [];
  return { lines, output: { write: (line) => lines.push(line), flush: async () => undefined } };
}

function numbers(events: readonly LogEvent[]): unknown[] {
  return events.map((each) => each['number']);
}

test('writes one JSON line an event, with the level as text and the time it came with', () => {
  const { lines, output } = collect();
  new LogHub(output).write({ time: '2026-01-02T03:04:05.678Z', level: 'warn', event: 'app_failed', app: 'shop', message: 'line\nbreak', extra: { a: 1 } });
  assert.equal(lines.length, 1);
  const [line = ''] = lines;
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.deepEqual(JSON.parse(line), { level: 'warn', time: '2026-01-02T03:04:05.678Z', event: 'app_failed', app: 'shop', message: 'line\nbreak', extra: { a: 1 } });
});

test('a line holds no control character that a terminal could obey', () => {
  const { lines, output } = collect();
  const message = 'a\u001b[2Jb\u009b2Jc\u007fd\u0000e';
  new LogHub(output).write({ ...event(1), message });
  assert.match(lines[0] ?? '', /^\P{Cc}*\n$/u);
  assert.equal(JSON.parse(lines[0] ?? '').message, message);
});

test('what it is told to hide stands in no line, kept event or follower’s event; by what an event is found stays', () => {
  const { lines, output } = collect();
  const hub = new LogHub(output);
  const followed: LogEvent[] = [];
  hub.follow({}, (each) => followed.push(each));
  hub.hide(['tango7-secret', 'request']);
  hub.write({ ...event(1, 'shop'), message: 'token tango7-secret', cause: `Basic ${btoa('tango7-secret')}` });
  const [kept] = hub.recent({ app: 'shop' }, 1);
  assert.deepEqual([kept?.event, kept?.message, kept?.['cause'], kept?.['number']], ['request', 'token [secret]', 'Basic [secret]', 1]);
  assert.deepEqual(followed, [kept]);
  assert.equal(JSON.parse(lines[0] ?? '').message, 'token [secret]');
});

test('recent gives the last that match, oldest first', () => {
  const hub = new LogHub(collect().output);
  for (let number = 0; number < 6; number++) hub.write(event(number, number % 2 === 0 ? 'even' : 'odd'));
  assert.deepEqual(numbers(hub.recent({}, 2)), [4, 5]);
  assert.deepEqual(numbers(hub.recent({ app: 'even' }, 2)), [2, 4]);
  assert.deepEqual(hub.recent({ app: 'none' }, 2), []);
  assert.deepEqual(hub.recent({}, 0), []);
});

test('keeps no more events than its limit, and as many', () => {
  const hub = new LogHub(collect().output, { eventsMax: 3, bytesMax: 1e6 });
  for (let number = 0; number < 100; number++) {
    hub.write(event(number));
    assert.deepEqual(numbers(hub.recent({}, 10)), [number - 2, number - 1, number].filter((each) => each >= 0));
  }
});

test('keeps no more bytes than its limit', () => {
  const { lines, output } = collect();
  new LogHub(output).write(event(1));
  const bytesEach = lines[0]?.length ?? 0;
  const hub = new LogHub(output, { eventsMax: 100, bytesMax: bytesEach * 2 });
  for (let number = 0; number < 5; number++) hub.write(event(number));
  assert.deepEqual(numbers(hub.recent({}, 10)), [3, 4]);
});

test('followers get what matches until they stop', () => {
  const hub = new LogHub(collect().output);
  const seen: unknown[] = [];
  const stop = hub.follow({ app: 'a' }, (each) => seen.push(each['number']));
  hub.write(event(1, 'a'));
  hub.write(event(2, 'b'));
  stop();
  hub.write(event(3, 'a'));
  assert.deepEqual(seen, [1]);
});

test('flush gives up on an output that doesn’t take its lines', async () => {
  const hub = new LogHub({ write: () => undefined, flush: () => new Promise(() => undefined) });
  hub.write(event(1));
  assert.equal(await hub.flush(1), undefined);
});

const PRODUCER = `
  const { LogHub } = await import(${JSON.stringify(new URL('log-hub.ts', import.meta.url))});
  const { openLogOutput } = await import(${JSON.stringify(new URL('log-output.ts', import.meta.url))});
  let dropped = 0;
  const hub = new LogHub(openLogOutput({ fileDescriptor: 1, waitingBytesMax: Number(process.argv[2]), onDrop: () => dropped++ }));
  for (let number = 0; number < 2000; number++) hub.write({ time: '', level: 'info', event: 'e', number, filler: 'x'.repeat(200) });
  process.send?.(dropped);
  await hub.flush(Number(process.argv[3]));
  process.exit(0);
`;

function produce(waitingBytesMax: number, flushMs: number) {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PRODUCER, '--', 'x', String(waitingBytesMax), String(flushMs)];
  return spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
}

test('a real pipe gets every line before flush resolves', async () => {
  const child = produce(8e6, 60_000);
  const lines = (await text(child.stdout ?? process.stdin)).trimEnd().split('\n');
  assert.deepEqual(lines.map((line) => JSON.parse(line).number), Array.from({ length: 2000 }, (_, index) => index));
});

test('a reader that doesn’t read costs lines, not time', async () => {
  const child = produce(100_000, 1);
  const [dropped] = await once(child, 'message');
  assert.ok(dropped > 0);
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
});

test('a reader that goes away does not end the host', async () => {
  const child = produce(8e6, 60_000);
  child.stdout?.destroy();
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
});
