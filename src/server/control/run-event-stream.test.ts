import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent, RunEvents, RunView } from '../../protocol/agent/control.ts';
import { streamRunEvents } from './run-event-stream.ts';

const OVER: RunView = { id: 'r', agent: 'a', status: 'done', message: 'line\nfeed', steps: 1, started_at: '2026-01-02T03:04:05.678Z', bytes: 1 };
const PADDING = 'x'.repeat(256 * 1024);

function event(n: number, text = ''): RunEvent {
  return { n, kind: 'call', head: { call: n, id: 1, name: 'log', op: 1 }, body: { bytes: text.length, text } };
}

/** A client of a stream of `count` events, one at a time; `asked` says how many were asked for. */
async function connect(t: TestContext, count: number, text = ''): Promise<{ response: IncomingMessage; asked: number[] }> {
  const asked: number[] = [];
  const next = async (after: number): Promise<RunEvents> => {
    asked.push(after);
    return after + 1 === count ? { events: [], over: OVER } : { events: [event(after + 1, text)], over: undefined };
  };
  const server = createServer((incoming, response) => void streamRunEvents({ request: incoming, response }, { events: [event(0, text)], over: undefined }, -1, next));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const [response] = (await once(request({ port: (server.address() as AddressInfo).port, agent: false }).end(), 'response')) as [IncomingMessage];
  return { response, asked };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

test('events have their numbers and kinds, then comes the run, then the end', async (t) => {
  const { response } = await connect(t, 2);
  const blocks = (await textOf(response)).split('\n\n').map((block) => block.split('\n'));
  assert.deepEqual(blocks, [
    ['id: 0', 'event: call', `data: ${JSON.stringify(event(0))}`],
    ['id: 1', 'event: call', `data: ${JSON.stringify(event(1))}`],
    ['event: over', `data: ${JSON.stringify(OVER)}`],
    [''],
  ]);
});

test('nothing is asked for ahead of a client that does not read, and it gets everything when it does', async (t) => {
  const { response, asked } = await connect(t, 200, PADDING);
  for (let before = -1; before !== asked.length; await sleep(200)) before = asked.length;
  assert.ok(asked.length < 100, `${asked.length} of 200 were asked for`);
  assert.equal((await textOf(response)).split('\nevent: call\n').length - 1, 200);
  assert.equal(asked.length, 200);
});

test('nothing is asked for once the client has gone', async (t) => {
  const { response, asked } = await connect(t, 1_000_000, PADDING);
  response.destroy();
  for (let before = -1; before !== asked.length; await sleep(200)) before = asked.length;
  assert.ok(asked.length < 1_000_000);
});
