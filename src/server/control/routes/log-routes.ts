import type { LogEvent, LogFilter } from '../../../protocol/control.ts';
import { NanosError } from '../../../protocol/errors.ts';
import { isAppName } from '../../../protocol/hostname.ts';
import { LogStream } from '../log-stream.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendText, startStream } from '../send.ts';

const TAIL_DEFAULT = 100;
const TAIL_MAX = 10_000;

/** `GET /v1/logs?app=&tail=&follow=1`: the last events as JSON lines; with `follow`, or when asked for, as server-sent events without end. */
export const logRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/logs',
    scope: 'read',
    handle: (context) => {
      const filter = filterOf(context.url);
      const recent = context.host.recentLogs(filter, tailOf(context.url));
      if (wantsStream(context)) follow(context, filter, recent);
      else sendText(context.response, 200, 'application/x-ndjson; charset=utf-8', recent.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
  },
];

function follow({ request, response, host }: RouteContext, filter: LogFilter, recent: readonly LogEvent[]): void {
  startStream(response, 'text/event-stream; charset=utf-8');
  if (request.method === 'HEAD') return void response.end();
  const stream = new LogStream(response);
  for (const event of recent) stream.send(event);
  const stop = host.followLogs(filter, (event) => stream.send(event));
  response.once('close', () => {
    stop();
    stream.close();
  });
}

function wantsStream({ request, url }: RouteContext): boolean {
  const value = url.searchParams.get('follow');
  if (value !== null) return value !== '0' && value !== 'false';
  return request.headers.accept?.includes('text/event-stream') === true;
}

function filterOf(url: URL): LogFilter {
  const app = url.searchParams.get('app');
  if (app === null || app === '') return {};
  if (!isAppName(app)) throw new NanosError('bad_request', `${JSON.stringify(app.slice(0, 100))} is no app name`);
  return { app };
}

function tailOf(url: URL): number {
  const text = url.searchParams.get('tail');
  if (text === null) return TAIL_DEFAULT;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(count)) throw new NanosError('bad_request', 'tail must be a whole number');
  return Math.min(count, TAIL_MAX);
}
