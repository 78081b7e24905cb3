import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestOutcome } from '../apps/run/app-runner.ts';

/** Metrics of one cell, per app. Children with their labels bound are kept: requests are counted on the hot path. */
export class CellMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({ name: 'nanos_app_requests_total', help: 'Requests by outcome', labelNames: ['app', 'outcome'], registers: [this.#registry] });
  readonly #latency = new Histogram({
    name: 'nanos_app_request_seconds',
    help: 'Time from a request to the end of its work',
    labelNames: ['app'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.#registry],
  });
  readonly #cpu = new Histogram({
    name: 'nanos_app_cpu_seconds',
    help: 'CPU charged to a request',
    labelNames: ['app'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
    registers: [this.#registry],
  });
  readonly #starts = new Counter({ name: 'nanos_app_cold_starts_total', help: 'Isolates started', labelNames: ['app'], registers: [this.#registry] });
  readonly #startTime = new Histogram({
    name: 'nanos_app_cold_start_seconds',
    help: 'Time to start an isolate',
    labelNames: ['app'],
    buckets: [0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 1],
    registers: [this.#registry],
  });
  readonly #residents = new Gauge({ name: 'nanos_isolates_resident', help: 'Isolates in memory', registers: [this.#registry] });
  readonly #heap = new Gauge({ name: 'nanos_app_memory_bytes', help: 'V8 heap and buffers of a resident app', labelNames: ['app'], registers: [this.#registry] });
  readonly #apps = new Map<string, AppMetrics>();

  served(app: string, { outcome, latencyMs, cpuMs }: RequestOutcome): void {
    const metrics = this.#of(app);
    metrics.outcome(outcome).inc();
    metrics.latency.observe(latencyMs / 1000);
    metrics.cpu.observe(cpuMs / 1000);
  }

  started(app: string, startMs: number): void {
    this.#starts.labels(app).inc();
    this.#startTime.labels(app).observe(startMs / 1000);
  }

  /** Forgets an app that is no longer served. */
  remove(app: string): void {
    this.#apps.get(app)?.remove();
    this.#apps.delete(app);
    for (const metric of [this.#latency, this.#cpu, this.#starts, this.#startTime, this.#heap]) metric.remove(app);
  }

  async snapshot(residents: readonly { name: string; heapBytes: number }[]): Promise<object> {
    this.#residents.set(residents.length);
    this.#heap.reset();
    for (const { name, heapBytes } of residents) this.#heap.labels(name).set(heapBytes);
    return this.#registry.getMetricsAsJSON();
  }

  #of(app: string): AppMetrics {
    const known = this.#apps.get(app);
    if (known !== undefined) return known;
    const made = new AppMetrics(app, this.#requests, this.#latency.labels(app), this.#cpu.labels(app));
    this.#apps.set(app, made);
    return made;
  }
}

class AppMetrics {
  readonly latency: { observe(value: number): void };
  readonly cpu: { observe(value: number): void };
  readonly #app: string;
  readonly #requests: Counter<'app' | 'outcome'>;
  readonly #outcomes = new Map<string, { inc(): void }>();

  constructor(app: string, requests: Counter<'app' | 'outcome'>, latency: { observe(value: number): void }, cpu: { observe(value: number): void }) {
    this.#app = app;
    this.#requests = requests;
    this.latency = latency;
    this.cpu = cpu;
  }

  outcome(outcome: string): { inc(): void } {
    const known = this.#outcomes.get(outcome);
    if (known !== undefined) return known;
    const made = this.#requests.labels(this.#app, outcome);
    this.#outcomes.set(outcome, made);
    return made;
  }

  remove(): void {
    for (const outcome of this.#outcomes.keys()) this.#requests.remove(this.#app, outcome);
  }
}
