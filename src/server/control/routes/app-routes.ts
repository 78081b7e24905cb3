import { z } from 'zod';
import type { ScheduledEvent } from '../../../protocol/app-call.ts';
import { NanosError } from '../../../protocol/errors.ts';
import { isAppName } from '../../../protocol/hostname.ts';
import { readJsonBody } from '../read-body.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendEmpty, sendJson } from '../send.ts';

const rollbackSchema = z.strictObject({ version: z.number().int().positive().optional() }).optional();

const triggerSchema = z.strictObject({ cron: z.string().min(1).max(100), scheduled_time: z.number().int().min(0).max(8.64e15).optional() });

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
    method: 'POST',
    path: '/v1/apps/:name/trigger',
    scope: 'admin',
    handle: async (context) => {
      await context.host.trigger(nameOf(context), await scheduledOf(context));
      sendEmpty(context.response, 204);
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

async function scheduledOf(context: RouteContext): Promise<ScheduledEvent> {
  const parsed = triggerSchema.safeParse(await readJsonBody(context));
  if (!parsed.success) throw new NanosError('bad_request', 'The body must be { "cron": PATTERN, "scheduled_time"?: MS }');
  return { cron: parsed.data.cron, timeMs: parsed.data.scheduled_time ?? Date.now() };
}
