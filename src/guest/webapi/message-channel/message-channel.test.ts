import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAt } from '../../kernel/clock.ts';
import { bindTimerQueue, TimerQueue } from '../timers/index.ts';
import { installMessageChannel } from './index.ts';
import { MessageChannel } from './lazy/message-channel.ts';
import { MessageEvent } from './lazy/message-event.ts';
import { MessagePort } from './lazy/message-port.ts';

const global: Record<string, unknown> = {};
installMessageChannel(global);
assert.equal(global['MessageChannel'], MessageChannel);
enterAt(1);
const queue = new TimerQueue({
  now: () => 1,
  scheduleWake: () => undefined,
  currentRequest: () => 0,
  withRequest: (_requestId, callback) => callback(),
  reportException(error) {
    throw error;
  },
});
bindTimerQueue(queue);

function runTasks(): void {
  for (let i = 0; i < 20; i++) queue.runDue();
}

type Received = { data: unknown; ports: readonly MessagePort[] };

function received(port: MessagePort): Received[] {
  const events: Received[] = [];
  port.onmessage = ({ data, ports }: MessageEvent) => events.push({ data, ports });
  return events;
}

test('messages are cloned, come as tasks and in order', () => {
  const { port1, port2 } = new MessageChannel();
  const data = { a: [1, new Date(5)] };
  port1.postMessage(data);
  const events = received(port2);
  port1.postMessage('second');
  data.a.length = 0;
  assert.equal(events.length, 0);
  runTasks();
  assert.deepEqual(events.map((event) => event.data), [{ a: [1, new Date(5)] }, 'second']);
});

test('a port waits until it is started', () => {
  const { port1, port2 } = new MessageChannel();
  const seen: unknown[] = [];
  port2.addEventListener('message', (event: { data: unknown }) => seen.push(event.data));
  port1.postMessage(1);
  runTasks();
  assert.deepEqual(seen, []);
  port2.start();
  port2.start();
  runTasks();
  assert.deepEqual(seen, [1]);
});

test('buffers and ports are transferred', () => {
  const { port1, port2 } = new MessageChannel();
  const inner = new MessageChannel();
  const innerEvents = received(inner.port1);
  const buffer = new ArrayBuffer(8);
  const events = received(port2);
  inner.port1.postMessage('before');
  port1.postMessage({ buffer, port: inner.port2 }, [buffer, inner.port2]);
  assert.equal(buffer.byteLength, 0);
  runTasks();
  const [{ data, ports }] = events as [{ data: { buffer: ArrayBuffer; port: MessagePort }; ports: readonly MessagePort[] }];
  assert.equal(data.buffer.byteLength, 8);
  assert.ok(data.port instanceof MessagePort && ports[0] === data.port && ports.length === 1);
  const late = received(data.port);
  runTasks();
  assert.deepEqual(late.map((event) => event.data), ['before']);
  data.port.postMessage('back', []);
  inner.port2.postMessage('from the detached one');
  runTasks();
  assert.deepEqual(innerEvents.map((event) => event.data), ['back']);
});

test('what can not be cloned or transferred is a DataCloneError, and nothing is detached', () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(1);
  const fails = (message: unknown, transfer?: unknown): void => assert.throws(() => port1.postMessage(message, transfer), { name: 'DataCloneError' });
  fails(() => undefined, [buffer]);
  fails(port2);
  fails(null, [port1]);
  fails(null, [buffer, buffer]);
  fails(null, { transfer: [{}] });
  assert.equal(buffer.byteLength, 1);
  assert.throws(() => port1.postMessage(null, { transfer: 5 }), TypeError);
  assert.throws(() => port1.postMessage(null, [5]), TypeError);
  const mine = new Error('mine');
  const hostile = {
    get x(): string {
      throw mine;
    },
  };
  assert.throws(() => port1.postMessage(hostile), mine);
});

test('a closed channel carries nothing and tells the other side', () => {
  const { port1, port2 } = new MessageChannel();
  const events = received(port2);
  let closed = 0;
  port2.onclose = () => closed++;
  port1.postMessage('lost');
  port1.close();
  port1.close();
  port1.postMessage('never');
  port2.postMessage('never');
  runTasks();
  assert.deepEqual([events.map((event) => event.data), closed], [['lost'], 1]);
});

test('events and interfaces', () => {
  const { port1 } = new MessageChannel();
  const event = new MessageEvent('x', { data: 5, origin: 'o', lastEventId: 'id', source: port1, ports: [port1] });
  assert.deepEqual([event.data, event.origin, event.lastEventId, event.source, event.ports], [5, 'o', 'id', port1, [port1]]);
  assert.ok(Object.isFrozen(event.ports) && event.ports === event.ports);
  event.initMessageEvent('y', true, false, 6);
  assert.deepEqual([event.type, event.bubbles, event.data, event.ports.length], ['y', true, 6, 0]);
  assert.throws(() => new MessageEvent('x', { ports: [{}] }), TypeError);
  assert.throws(() => new MessageEvent('x', { source: {} }), TypeError);
  assert.throws(() => new MessagePort(), TypeError);
  assert.throws(() => Reflect.get(MessagePort.prototype, 'onmessage', {}), TypeError);
});
