import type { AppPlace } from '../protocol/app.ts';
import { canonicalHost } from '../protocol/hostname.ts';

/** Spellings of Host headers that are remembered; past that all are forgotten. */
const SPELLINGS_MAX = 10_000;

interface Taken {
  readonly hosts: readonly string[];
  readonly port: number | undefined;
}

/** Which app a request is for: by the port it came in on, else by its Host. Exact, after canonicalisation. */
export class CellRouter<Handler> {
  readonly #byPort = new Map<number, Handler>();
  readonly #byHost = new Map<string, Handler>();
  readonly #places = new Map<Handler, Taken>();
  readonly #spellings = new Map<string, Handler>();

  find(hostHeader: string | undefined, port: number): Handler | undefined {
    const byPort = this.#byPort.get(port);
    if (byPort !== undefined || hostHeader === undefined) return byPort;
    return this.#spellings.get(hostHeader) ?? this.#findHost(hostHeader);
  }

  #findHost(hostHeader: string): Handler | undefined {
    const host = canonicalHost(hostHeader);
    const runner = host === undefined ? undefined : this.#byHost.get(host);
    if (runner === undefined) return undefined;
    if (this.#spellings.size >= SPELLINGS_MAX) this.#spellings.clear();
    this.#spellings.set(hostHeader, runner);
    return runner;
  }

  add(handler: Handler, { name, hostnames, port }: AppPlace): void {
    this.remove(handler);
    const place = { hosts: [`${name}.localhost`, ...hostnames], port };
    this.#places.set(handler, place);
    for (const host of place.hosts) this.#byHost.set(host, handler);
    if (port !== undefined) this.#byPort.set(port, handler);
  }

  remove(handler: Handler): void {
    const place = this.#places.get(handler);
    if (place === undefined) return;
    this.#places.delete(handler);
    this.#spellings.clear();
    for (const host of place.hosts) if (this.#byHost.get(host) === handler) this.#byHost.delete(host);
    if (place.port !== undefined && this.#byPort.get(place.port) === handler) this.#byPort.delete(place.port);
  }
}
