import type { Route } from '../route.ts';
import { sendJson } from '../send.ts';

export const reloadRoutes: readonly Route[] = [
  { method: 'POST', path: '/v1/reload', scope: 'admin', handle: async ({ response, host }) => sendJson(response, 200, { apps: await host.reload() }) },
];
