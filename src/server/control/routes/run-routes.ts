import { z } from 'zod';
import type { RunView } from '../../../protocol/agent/control.ts';
import { AGENT_LIMITS } from '../../../protocol/agent-limits.ts';
import { NanosError } from '../../../protocol/errors.ts';
import { readJsonBody } from '../read-body.ts';
import type { Route, RouteContext } from '../route.ts';
import { streamRunEvents } from '../run-event-stream.ts';
import { sendEmpty, sendJson } from '../send.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const WAIT_S_MAX = 60;
const ID_CHARACTERS_MAX = 64;
const NOTHING_MORE = 204;

const goal = z.string().max(AGENT_LIMITS.goalCharactersMax).optional();
const runSchema = z.strictObject({ manifest: z.string().min(1), goal });
/** An edit may hold the content of a file. */
const DECISION_BYTES_MAX = 20 * 1024 * 1024;
const decisionSchema = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('approve') }),
  z.strictObject({ decision: z.literal('deny'), reason: z.string().max(AGENT_LIMITS.goalCharactersMax).optional() }),
  z.strictObject({ decision: z.literal('edit'), arguments: z.record(z.string(), z.json()).optional(), body: z.string().optional() }),
]);
const forkSchema = z.strictObject({ step: z.int().min(0).max(1_000_000_000), edit: z.json().optional(), goal });

/** The runs of agents: start, list, one, its events, fork, approvals, cancel. */
export const runRoutes: readonly Route[] = [
  { method: 'POST', path: '/v1/run', scope: 'admin', handle: start },
  { method: 'GET', path: '/v1/runs', scope: 'read', handle: list },
  { method: 'GET', path: '/v1/runs/:id', scope: 'read', handle: async (context) => sendJson(context.response, 200, await context.host.runs.run(idOf(context), waitMsOf(context.url))) },
  { method: 'GET', path: '/v1/runs/:id/events', scope: 'read', handle: events },
  { method: 'POST', path: '/v1/runs/:id/fork', scope: 'admin', handle: fork },
  { method: 'POST', path: '/v1/runs/:id/approvals/:call', scope: 'admin', handle: decide },
  { method: 'POST', path: '/v1/runs/:id/cancel', scope: 'admin', handle: async (context) => sendJson(context.response, 200, await context.host.runs.cancel(idOf(context))) },
];

async function start(context: RouteContext): Promise<void> {
  const waitMs = waitMsOf(context.url);
  const request = parse(runSchema, await readJsonBody(context), '{ "manifest": "PATH", "goal"?: "TEXT" }');
  await sendBegun(context, await context.host.runs.start(request), waitMs);
}

async function fork(context: RouteContext): Promise<void> {
  const waitMs = waitMsOf(context.url);
  const request = parse(forkSchema, await readJsonBody(context), '{ "step": N, "edit"?: JSON, "goal"?: "TEXT" }');
  if (request.edit !== undefined && request.step === 0) throw new NanosError('bad_request', 'edit replaces the result of a step: name it, from 1');
  await sendBegun(context, await context.host.runs.fork(idOf(context), request), waitMs);
}

/** The run goes on by itself: the answer says how it is at once. */
async function decide(context: RouteContext): Promise<void> {
  const call = Number(/^\d{1,8}$/u.exec(context.params['call'] ?? '')?.[0]);
  if (!Number.isSafeInteger(call)) throw new NanosError('not_found', 'The call is named by its number in the run');
  const waitMs = waitMsOf(context.url);
  const shape = '{ "decision": "approve" }, { "decision": "deny", "reason"?: "TEXT" } or { "decision": "edit", "arguments"?: JSON, "body"?: "TEXT" }';
  const request = parse(decisionSchema, await readJsonBody(context, DECISION_BYTES_MAX), shape);
  await sendBegun(context, await context.host.runs.decide(idOf(context), call, { request, scope: 'admin' }), waitMs);
}

/** 202, or 200 when the client waited and the run is over. */
async function sendBegun({ response, host }: RouteContext, begun: RunView, waitMs: number): Promise<void> {
  const run = waitMs === 0 ? begun : await host.runs.run(begun.id, waitMs);
  const isOver = waitMs > 0 && run.status !== 'running' && run.status !== 'interrupted' && run.status !== 'waiting';
  sendJson(response, isOver ? 200 : 202, run, { location: `/v1/runs/${run.id}` });
}

async function list({ response, url, host }: RouteContext): Promise<void> {
  const limit = numberOf(url, 'limit', LIMIT_DEFAULT);
  if (limit < 1 || limit > LIMIT_MAX) throw new NanosError('bad_request', `limit must be from 1 to ${LIMIT_MAX}`);
  const filter = { limit, before: textOf(url, 'before'), status: textOf(url, 'status') };
  sendJson(response, 200, await host.runs.list(filter));
}

async function events(context: RouteContext): Promise<void> {
  const { request, response, url, host } = context;
  const id = idOf(context);
  const lastSeen = request.headers['last-event-id'];
  const after = typeof lastSeen === 'string' && /^\d{1,9}$/.test(lastSeen) ? Number(lastSeen) : numberOf(url, 'after', -1);
  const first = await host.runs.events(id, after, 0);
  // What tells an EventSource not to connect again (HTML standard, 9.2.3).
  if (first.over !== undefined && first.events.length === 0 && after >= 0) return sendEmpty(response, NOTHING_MORE);
  await streamRunEvents({ request, response }, first, after, (from, waitMs) => host.runs.events(id, from, waitMs));
}

function idOf({ params }: RouteContext): string {
  return (params['id'] ?? '').slice(0, ID_CHARACTERS_MAX);
}

function textOf(url: URL, key: string): string | undefined {
  const value = url.searchParams.get(key);
  return value === null || value === '' ? undefined : value.slice(0, ID_CHARACTERS_MAX);
}

function numberOf(url: URL, key: string, otherwise: number): number {
  const value = url.searchParams.get(key);
  if (value === null) return otherwise;
  if (!/^\d{1,9}$/.test(value)) throw new NanosError('bad_request', `${key} must be a whole number`);
  return Number(value);
}

/** `?wait=SECONDS`; alone: as long as possible. */
function waitMsOf(url: URL): number {
  if (url.searchParams.get('wait') === '') return WAIT_S_MAX * 1_000;
  return Math.min(numberOf(url, 'wait', 0), WAIT_S_MAX) * 1_000;
}

function parse<T>(schema: z.ZodType<T>, body: unknown, shape: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new NanosError('bad_request', `The body must be ${shape}: ${z.prettifyError(parsed.error)}`);
}
