import type { AppRunner } from '../apps/run/app-runner.ts';
import type { AppDeployment } from '../protocol/app.ts';
import { canonicalHost } from '../protocol/hostname.ts';

/** Spellings of Host headers that are remembered; past that all are forgotten. */
const SPELLINGS_MAX = 10_000;

interface Place {
  readonly hosts: readonly string[];
  readonly port: number | undefined;
}

/** Which app a request is for: by the port it came in on, else by its Host. Exact, after canonicalisation. */
export class CellRouter {
  readonly #byPort = new Map<number, AppRunner>();
  readonly #byHost = new Map<string, AppRunner>();
  readonly #places = new Map<AppRunner, Place>();
  readonly #spellings = new Map<string, AppRunner>();

  find(hostHeader: string | undefined, port: number): AppRunner | undefined {
    const byPort = this.#byPort.get(port);
    if (byPort !== undefined || hostHeader === undefined) return byPort;
    return this.#spellings.get(hostHeader) ?? this.#findHost(hostHeader);
  }

  #findHost(hostHeader: string): AppRunner | undefined {
    const host = canonicalHost(hostHeader);
    const runner = host === undefined ? undefined : this.#byHost.get(host);
    if (runner === undefined) return undefined;
    if (this.#spellings.size >= SPELLINGS_MAX) this.#spellings.clear();
    this.#spellings.set(hostHeader, runner);
    return runner;
  }

  add(runner: AppRunner, { name, hostnames, port }: AppDeployment): void {
    this.remove(runner);
    const place = { hosts: [`${name}.localhost`, ...hostnames], port };
    this.#places.set(runner, place);
    for (const host of place.hosts) this.#byHost.set(host, runner);
    if (port !== undefined) this.#byPort.set(port, runner);
  }

  remove(runner: AppRunner): void {
    const place = this.#places.get(runner);
    if (place === undefined) return;
    this.#places.delete(runner);
    this.#spellings.clear();
    for (const host of place.hosts) this.#byHost.delete(host);
    if (place.port !== undefined) this.#byPort.delete(place.port);
  }
}
