import { Counter, Gauge, Registry } from 'prom-client';
import type { RunOver } from '../protocol/agent/messages.ts';

/** Metrics of the agents' process, by the name in the manifest. */
export class AgentMetrics {
  readonly #registry = new Registry();
  readonly #runs = new Counter({ name: 'nanos_agent_runs_total', help: 'Runs that are over, by how they ended', labelNames: ['agent', 'end'], registers: [this.#registry] });
  readonly #steps = new Counter({ name: 'nanos_agent_steps_total', help: 'Steps of runs that are over', labelNames: ['agent'], registers: [this.#registry] });
  readonly #fuel = new Counter({ name: 'nanos_agent_fuel_total', help: 'Instructions charged to runs that are over', labelNames: ['agent'], registers: [this.#registry] });
  readonly #running = new Gauge({ name: 'nanos_agent_runs_running', help: 'Runs under way', registers: [this.#registry] });
  readonly #waiting = new Gauge({ name: 'nanos_agent_runs_waiting', help: 'Runs that wait for approval', registers: [this.#registry] });

  over({ agent, end, steps, fuel }: RunOver): void {
    this.#runs.labels(agent, end).inc();
    this.#steps.labels(agent).inc(steps);
    this.#fuel.labels(agent).inc(Number(fuel));
  }

  snapshot({ running, waiting }: { readonly running: number; readonly waiting: number }): Promise<object> {
    this.#running.set(running);
    this.#waiting.set(waiting);
    return this.#registry.getMetricsAsJSON();
  }
}
