import type { Route } from '../route.ts';
import { sendText } from '../send.ts';

export const metricsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/metrics',
    scope: 'read',
    handle: async ({ response, host }) => sendText(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await host.metrics()),
  },
];
