import { z } from 'zod';
import { NanosError } from '../../../protocol/errors.ts';
import { isAppName } from '../../../protocol/hostname.ts';
import { readJsonBody } from '../read-body.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendEmpty, sendJson } from '../send.ts';

const rollbackSchema = z.strictObject({ version: z.number().int().positive().optional() }).optional();

/** The apps: list, one, rollback, removal. Uploads are in upload-routes. */
export const appRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/apps', scope: 'read', handle: async ({ response, host }) => sendJson(response, 200, { apps: await host.apps() }) },
  { method: 'GET', path: '/v1/apps/:name', scope: 'read', handle: async (context) => sendJson(context.response, 200, await context.host.app(nameOf(context))) },
  {
    method: 'POST',
    path: '/v1/apps/:name/rollback',
    scope: 'admin',
    handle: async (context) => {
      const name = nameOf(context);
      sendJson(context.response, 200, await context.host.rollback(name, await versionOf(context)));
    },
  },
  {
    method: 'DELETE',
    path: '/v1/apps/:name',
    scope: 'admin',
    handle: async (context) => {
      await context.host.undeploy(nameOf(context));
      sendEmpty(context.response, 204);
    },
  },
];

function nameOf({ params }: RouteContext): string {
  const name = params['name'] ?? '';
  if (!isAppName(name)) throw new NanosError('not_found', `No app can be named ${JSON.stringify(name.slice(0, 100))}`);
  return name;
}

async function versionOf(context: RouteContext): Promise<number | undefined> {
  const parsed = rollbackSchema.safeParse(await readJsonBody(context));
  if (!parsed.success) throw new NanosError('bad_request', 'The body must be empty or { "version": N }');
  return parsed.data?.version;
}
