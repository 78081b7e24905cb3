/** The tenant's program: what it registered at top level, and its environment. */
import { createBinding } from '../bindings/lazy/index.ts';
import { defineProperty, jsonParse } from './primordials.ts';
import { type Scheduled, ScheduledController } from './scheduled.ts';

type ScheduledHandler = (scheduled: Scheduled, context: unknown) => unknown;
export type FetchHandler = (request: unknown, env: unknown, context: unknown) => unknown;

/** Events that a host delivers; others are the tenant's own affair. */
export type ServiceWorkerEvents = { fetch?: boolean; scheduled?: boolean };

let namespace: Record<string, unknown> | undefined;
let serviceWorkerFetch: FetchHandler | undefined;
let serviceWorkerScheduled: ScheduledHandler | undefined;
let serviceWorkerEvents: ServiceWorkerEvents = {};
let env: Record<string, unknown> = {};
let pendingGlobals: Record<string, unknown> | undefined;

export function registerModule(exports: unknown): void {
  if (namespace !== undefined) throw new Error('An app is registered once');
  namespace = exports as Record<string, unknown>;
}

/** Service-worker syntax: dispatches a fetch event and returns what was passed to respondWith. */
export function registerServiceWorker(fetch: FetchHandler, scheduled: ScheduledHandler, events: ServiceWorkerEvents): void {
  serviceWorkerFetch = fetch;
  serviceWorkerScheduled = scheduled;
  serviceWorkerEvents = events;
}

/** Service-worker syntax: vars are globals, before the tenant's code runs. */
export function defineGlobals(json: string): void {
  defineAll(jsonParse(json) as Record<string, unknown>);
}

/** Vars, secrets and bindings for `env`. With service-worker syntax they become globals, all but vars only once top-level code has run. */
export function setEnvironment(varsJson: string, secretsJson: string, bindingsJson: string): void {
  const others = jsonParse(secretsJson) as Record<string, unknown>;
  addBindings(others, jsonParse(bindingsJson) as string[][]);
  env = { ...(jsonParse(varsJson) as Record<string, unknown>), ...others };
  pendingGlobals = others;
}

function addBindings(target: Record<string, unknown>, bindings: readonly string[][]): void {
  for (let i = 0; i < bindings.length; i++) {
    const name = bindings[i]![0]!;
    defineProperty(target, name, { value: createBinding(bindings[i]![1]!, name), writable: true, configurable: true, enumerable: true });
  }
}

function defineAll(values: Record<string, unknown>): void {
  for (const name of Object.keys(values)) {
    Object.defineProperty(globalThis, name, { value: values[name], writable: true, configurable: true, enumerable: true });
  }
}

function defaultExport(): Record<string, unknown> | undefined {
  const exported = namespace?.['default'];
  return typeof exported === 'object' || typeof exported === 'function' ? ((exported ?? undefined) as Record<string, unknown> | undefined) : undefined;
}

/** The events this app handles, separated by commas. */
export function handledEvents(): string {
  const exported = defaultExport();
  let names = '';
  for (const name of ['fetch', 'scheduled'] as const) {
    const handled = exported === undefined ? serviceWorkerEvents[name] === true : typeof exported[name] === 'function';
    if (handled) names += names === '' ? name : `,${name}`;
  }
  return names;
}

/** Hands one request to the tenant's code. Returns or throws whatever that does. */
export function callFetch(request: unknown, context: unknown): unknown {
  const exported = defaultExport();
  if (exported !== undefined) {
    const { fetch } = exported;
    if (typeof fetch !== 'function') throw new TypeError('Handler does not export a fetch() function');
    return (fetch as (this: unknown, ...args: unknown[]) => unknown).call(exported, request, env, context);
  }
  definePendingGlobals();
  if (serviceWorkerFetch === undefined) throw new TypeError('No fetch handler: export default { fetch } or addEventListener("fetch", …)');
  return serviceWorkerFetch(request, env, context);
}

function definePendingGlobals(): void {
  if (pendingGlobals === undefined) return;
  defineAll(pendingGlobals);
  pendingGlobals = undefined;
}

/** Hands one cron trigger to the tenant's code. Returns or throws whatever that does. */
export function callScheduled(event: Scheduled, context: unknown): unknown {
  const exported = defaultExport();
  if (exported !== undefined) {
    const { scheduled } = exported;
    if (typeof scheduled !== 'function') throw new TypeError('Handler does not export a scheduled() function');
    return (scheduled as (this: unknown, ...args: unknown[]) => unknown).call(exported, new ScheduledController(event), env, context);
  }
  definePendingGlobals();
  if (serviceWorkerScheduled === undefined || serviceWorkerEvents.scheduled !== true) throw new TypeError('No scheduled handler: export default { scheduled } or addEventListener("scheduled", …)');
  return serviceWorkerScheduled(event, context);
}
