import { AggregatorRegistry, Gauge, Registry, type MetricObject } from 'prom-client';
import type { CellFigures } from '../protocol/cell-messages.ts';
import { appMetricsText } from './app-metrics-text.ts';
import type { AppRecord } from './app-record.ts';

/** Metrics of all cells, added up, those of the agents' process, and the supervisor's own, in Prometheus' text format. */
export async function mergeMetrics(cells: readonly CellFigures[], agents: object | undefined, records: readonly AppRecord[]): Promise<string> {
  const ofAgents = agents === undefined ? '' : await AggregatorRegistry.aggregate([agents] as MetricObject[][]).metrics();
  const own = new Registry();
  const states = new Gauge({ name: 'nanos_apps', help: 'Apps by state', labelNames: ['state'], registers: [own] });
  for (const { state } of records) states.labels(state).inc();
  new Gauge({ name: 'nanos_cells', help: 'Cells that answer', registers: [own] }).set(cells.length);
  return `${appMetricsText(cells)}${ofAgents}\n${await own.metrics()}`;
}
