import type { Route } from '../route.ts';
import { sendText } from '../send.ts';

/** `/healthz`: the process answers. `/readyz`: it serves, 503 until then. */
export const healthRoutes: readonly Route[] = [
  { method: 'GET', path: '/healthz', scope: 'open', handle: ({ response }) => sendText(response, 200, 'text/plain; charset=utf-8', 'ok\n') },
  {
    method: 'GET',
    path: '/readyz',
    scope: 'open',
    handle: ({ response, host }) => {
      if (host.isReady()) sendText(response, 200, 'text/plain; charset=utf-8', 'ready\n');
      else sendText(response, 503, 'text/plain; charset=utf-8', 'not ready\n', { 'retry-after': '1' });
    },
  },
];
