/** A cell's part in who serves what: requests of apps that live elsewhere go there. It follows the supervisor's table and decides nothing. */
import type { AppHandler, AppRequest, ResponseSink } from '../protocol/app-call.ts';
import type { CellPlace, OwnerTable } from '../protocol/cell-messages.ts';
import { NanosError } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { ForwardLine, type Unreachable } from '../server/apps/forward-line.ts';
import { AppOwners } from './app-owners.ts';

const RETRY_AFTER_S = 1;

export interface CellForwardingOptions {
  readonly place: CellPlace;
  /** A request was lost with the cell that had it, or no cell took it in time. */
  failed(app: string, error: NanosError, latencyMs: number): void;
}

export class CellForwarding {
  readonly #options: CellForwardingOptions;
  readonly #lines: readonly ForwardLine[];
  readonly #forwarders = new Map<string, ForwardedApp>();
  #owners: AppOwners;

  constructor(options: CellForwardingOptions) {
    const { sockets, key, owners } = options.place;
    this.#options = options;
    this.#lines = sockets.map((path) => new ForwardLine(path, key));
    this.#owners = new AppOwners(owners);
  }

  follow(table: OwnerTable): void {
    const before = this.#owners.table;
    this.#owners = new AppOwners(table);
    this.#lines.forEach((line, slot) => table.cells[slot] !== before.cells[slot] && line.renew());
  }

  owns(app: string): boolean {
    return this.#owners.of(app).includes(this.#options.place.slot);
  }

  /** `local`: the app as it would run here. */
  handlerOf(app: string, local: AppHandler): AppHandler {
    if (this.owns(app)) return local;
    let forwarder = this.#forwarders.get(app);
    if (forwarder?.local !== local) this.#forwarders.set(app, (forwarder = new ForwardedApp(app, local, this)));
    return forwarder;
  }

  /** The app is no longer served. */
  forget(app: string): void {
    this.#forwarders.delete(app);
  }

  /**
   * The first owner that can be reached, `turn` says where to begin; this cell when there is none, unless the app lives apart. While it waits for one it
   * follows the app to others; after HOST_LIMITS.cellWaitMsMax the request is refused.
   */
  send(app: string, request: AppRequest, sink: ResponseSink, local: AppHandler, turn: number): void {
    const startedMs = performance.now();
    const failed = (error: NanosError): void => this.#options.failed(app, error, performance.now() - startedMs);
    const refuse = (): void => {
      const error = new NanosError('overloaded', 'No cell has the app at the moment', { retryAfterS: RETRY_AFTER_S });
      failed(error);
      sink.fail(error);
    };
    const attempt = (tried: number): void => {
      const owners = this.#owners.of(app);
      const slot = owners[(turn + tried) % owners.length]!;
      const waitMs = startedMs + HOST_LIMITS.cellWaitMsMax - performance.now();
      if (waitMs <= 0) return refuse();
      if (slot === this.#options.place.slot) return local.handle(request, sink);
      if (tried >= owners.length) return this.#owners.isApart(app) ? refuse() : local.handle(request, sink);
      const unreachable = (why: Unreachable): void => (why === 'late' ? refuse() : attempt(why === 'moved' ? 0 : tried + 1));
      this.#lines[slot]!.send(app, request, sink, { unreachable, lost: failed }, waitMs);
    };
    attempt(0);
  }
}

class ForwardedApp implements AppHandler {
  readonly local: AppHandler;
  readonly #app: string;
  readonly #forwarding: CellForwarding;
  #turn = 0;

  constructor(app: string, local: AppHandler, forwarding: CellForwarding) {
    this.#app = app;
    this.local = local;
    this.#forwarding = forwarding;
  }

  handle(request: AppRequest, sink: ResponseSink): void {
    this.#forwarding.send(this.#app, request, sink, this.local, this.#turn++);
  }
}
