/** Service-worker syntax: `addEventListener('fetch', event => event.respondWith(…))`. */
import { Event } from '../webapi/dom/event.ts';
import { globalTarget } from '../webapi/global-events/index.ts';
import { defineGlobal, exposeInterface } from '../webapi/webidl.ts';
import { registerServiceWorker, type ServiceWorkerEvents } from './app.ts';
import type { ExecutionContext } from './execution-context.ts';
import { type Scheduled, ScheduledEvent } from './scheduled.ts';

class FetchEvent extends Event {
  readonly request: unknown;
  readonly #context: ExecutionContext;
  #response: { value: unknown } | undefined;

  constructor(request: unknown, context: ExecutionContext) {
    super('fetch', { cancelable: true });
    this.request = request;
    this.#context = context;
  }

  respondWith(response: unknown): void {
    if (this.#response !== undefined) throw new TypeError('FetchEvent.respondWith() has already been called');
    this.#response = { value: response };
    this.stopImmediatePropagation();
  }

  waitUntil(promise: unknown): void {
    this.#context.waitUntil(promise);
  }

  passThroughOnException(): void {}

  static take(event: FetchEvent): unknown {
    if (event.#response === undefined) throw new TypeError('No fetch listener called respondWith()');
    return event.#response.value;
  }
}

export function installServiceWorkerScope(global: Record<string, unknown>): void {
  const target = globalTarget;
  const seen: ServiceWorkerEvents = {};
  const define = (name: string, value: unknown): void => defineGlobal(global, name, value, true);
  define('addEventListener', (type: string, listener: never, options?: never) => {
    target.addEventListener(type, listener, options);
    if (type === 'fetch' || type === 'scheduled') {
      seen[type] = true;
      registerServiceWorker(dispatchFetch, dispatchScheduled, seen);
    }
  });
  define('removeEventListener', (type: string, listener: never, options?: never) => target.removeEventListener(type, listener, options));
  define('dispatchEvent', (event: Event) => target.dispatchEvent(event));
  exposeInterface(global, 'FetchEvent', FetchEvent);

  function dispatchScheduled(scheduled: Scheduled, context: unknown): void {
    target.dispatchEvent(new ScheduledEvent(scheduled, context as ExecutionContext));
  }

  function dispatchFetch(request: unknown, _env: unknown, context: unknown): unknown {
    const event = new FetchEvent(request, context as ExecutionContext);
    target.dispatchEvent(event);
    return FetchEvent.take(event);
  }
}
