import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RunEvents } from '../../protocol/agent/control.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { startStream } from './send.ts';

/** So long a connection stays without a word. */
const QUIET_MS = 10_000;

/**
 * The events of a run as server-sent events (HTML standard, 9.2), each with its number as id, then one `over` with the run. Nothing is read ahead of the client: one that takes nothing for
 * long is dropped, and can come back for the rest.
 */
export async function streamRunEvents(exchange: { readonly request: IncomingMessage; readonly response: ServerResponse }, first: RunEvents, after: number, next: (after: number, waitMs: number) => Promise<RunEvents>): Promise<void> {
  const { request, response } = exchange;
  startStream(response, 'text/event-stream; charset=utf-8');
  if (request.method === 'HEAD') return void response.end();
  let last = after;
  for (let batch = first; !response.destroyed; batch = await next(last, QUIET_MS)) {
    last = batch.events.at(-1)?.n ?? last;
    await write(response, toText(batch));
    if (batch.over !== undefined) return void response.end();
  }
}

/** JSON has no raw line ends, so one data line carries it. */
function toText({ events, over }: RunEvents): string {
  const lines = events.map((event) => `id: ${event.n}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
  if (over !== undefined) lines.push(`event: over\ndata: ${JSON.stringify(over)}\n\n`);
  return lines.length === 0 ? ': waiting\n\n' : lines.join('');
}

async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  const closed = new AbortController();
  const idle = setTimeout(() => response.destroy(), HOST_LIMITS.bodyIdleMsMax);
  const { signal } = closed;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).catch(() => undefined);
  clearTimeout(idle);
  closed.abort();
}
