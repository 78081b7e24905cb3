import type { Route } from '../route.ts';
import { sendJson } from '../send.ts';

/** `GET /v1/status`: the host in a few figures. */
export const statusRoutes: readonly Route[] = [{ method: 'GET', path: '/v1/status', scope: 'read', handle: async ({ response, host }) => sendJson(response, 200, await host.hostStatus()) }];
