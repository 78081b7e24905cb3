/** A cell's part in who serves what: requests of apps that live elsewhere go there. It follows the supervisor's table and decides nothing. */
import type { AppHandler, AppRequest, ResponseSink } from '../protocol/app-call.ts';
import type { CellPlace, OwnerTable } from '../protocol/cell-messages.ts';
import type { NanosError } from '../protocol/errors.ts';
import { ForwardLine } from '../server/apps/forward-line.ts';
import { AppOwners } from './app-owners.ts';

export interface CellForwardingOptions {
  readonly place: CellPlace;
  /** A request was lost with the cell that had it. */
  lost(app: string, error: NanosError, latencyMs: number): void;
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

  /** The first owner that can be reached, `turn` says where to begin; this cell when there is none. */
  send(app: string, request: AppRequest, sink: ResponseSink, local: AppHandler, turn: number): void {
    const owners = this.#owners.of(app);
    const startedMs = performance.now();
    const attempt = (tried: number): void => {
      const slot = owners[(turn + tried) % owners.length]!;
      if (tried === owners.length || slot === this.#options.place.slot) return local.handle(request, sink);
      this.#lines[slot]!.send(app, request, sink, {
        unreachable: () => attempt(tried + 1),
        lost: (error) => this.#options.lost(app, error, performance.now() - startedMs),
      });
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
